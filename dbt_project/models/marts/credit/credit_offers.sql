{%- set apr_cap = checked_var('credit_apr_cap', 0, 1) -%}
with decisions as (
    select * from {{ ref('credit_decisions') }}
    where recommendation = 'approve' and affordable_instalment > 0
),

products as (
    select *
    from (
        select
            products.*,
            least(products.apr_from, {{ apr_cap }}) as least_apr,
            least(products.apr_to, {{ apr_cap }}) as most_apr,
            dense_rank() over (order by products.valid_from desc, products.product_version desc) as age
        from {{ ref('credit_products') }} as products
        inner join {{ ref('ml_run') }} as run on products.valid_from <= run.snapshot_date
    ) as versions
    where age = 1
),

-- A rate that follows risk adds the expected loss to the lowest rate of the product.
priced as (
    select
        decisions.*,
        products.product,
        products.product_version,
        products.is_risk_priced,
        products.limit_from,
        products.limit_to,
        products.term_months,
        products.funding_rate,
        products.loss_given_default,
        products.valid_days,
        {% for bound, pd in [('apr_from', 'pd_lower'), ('apr', 'pd'), ('apr_to', 'pd_upper')] -%}
        case
            when products.is_risk_priced
                then least(products.most_apr, products.least_apr + decisions.{{ pd }} * products.loss_given_default)
            else products.most_apr
        end as {{ bound }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from decisions
    inner join products on decisions.pd < products.pd_to
),

-- The amount whose instalment, at the dearest rate of the band, is what the customer can afford.
sized as (
    select
        *,
        least(limit_to, floor(affordable_instalment * case
            when apr_to > 0 then (1 - power(1 + apr_to / 12, -term_months)) / (apr_to / 12)
            else term_months
        end / 100) * 100) as credit_limit
    from priced
),

-- An annuity owes about half of its amount on average over its term.
valued as (
    select
        *,
        credit_limit * pd * loss_given_default as expected_loss,
        credit_limit / 2 * (apr - funding_rate) * term_months / 12 as expected_interest
    from sized
    where credit_limit >= limit_from
)

select
    customer_id,
    snapshot_date,
    product,
    credit_limit,
    apr_from,
    apr,
    apr_to,
    cast({{ apr_cap }} as double) as apr_cap,
    term_months,
    credit_limit * case
        when apr > 0 then (apr / 12) / (1 - power(1 + apr / 12, -term_months))
        else cast(1 as double) / term_months
    end as instalment,
    affordable_instalment,
    expected_loss,
    expected_interest - expected_loss as expected_margin,
    {{ add_days('snapshot_date', 'valid_days') }} as expires_on,
    -- The amount always follows from the customer's own data, and with it the offer.
    true as is_profiled_offer,
    is_risk_priced,
    pd,
    band,
    product_version,
    policy_version,
    model_version,
    run_id,
    scored_at
from valued
