{#- What could be offered on a day stays on record, as the recommendation does that it follows from. -#}
{{ config(
    materialized='incremental',
    unique_key='snapshot_date',
    incremental_strategy='insert_overwrite' if target.type == 'spark' else 'replace_asked_days',
    pre_hook='{{ empty_asked_days() }}',
    full_refresh=false
) }}
{%- set apr_cap = checked_var('credit_apr_cap', 0, 1) -%}
with decisions as (
    select
        decisions.*,
        run.credit_default_horizon_days as horizon_days
    from {{ ref('ml_credit__current_decisions') }} as decisions
    cross join {{ ref('ml_run') }} as run
    where
        decisions.recommendation = 'approve'
        and decisions.affordable_instalment > 0
        and {{ is_asked_for('decisions.snapshot_date') }}
),

days as (select distinct snapshot_date from decisions),

-- The version of the terms that holds at each snapshot.
products as (
    select *
    from (
        select
            products.*,
            days.snapshot_date,
            least(products.apr_from, {{ apr_cap }}) as least_apr,
            least(products.apr_to, {{ apr_cap }}) as most_apr,
            dense_rank() over (
                partition by days.snapshot_date
                order by products.valid_from desc, products.product_version desc
            ) as age
        from {{ ref('credit_products') }} as products
        inner join days on products.valid_from <= days.snapshot_date
    ) as versions
    where age = 1
),

-- A rate that follows risk adds what a year is expected to lose to the lowest rate of the product.
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
        coalesce(products.is_revolving, false) as is_revolving,
        products.drawn_share,
        products.valid_days,
        {% for bound, pd in [('apr_from', 'pd_lower'), ('apr', 'pd'), ('apr_to', 'pd_upper')] -%}
        {%- set pd_of_year = '1 - power(1 - decisions.' ~ pd ~ ', cast(365 as double) / decisions.horizon_days)' -%}
        case
            when products.is_risk_priced
                then least(
                    products.most_apr,
                    -- In basis points, as rates are quoted.
                    round(products.least_apr + ({{ pd_of_year }}) * products.loss_given_default, 4)
                )
            else products.most_apr
        end as {{ bound }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from decisions
    inner join products on decisions.snapshot_date = products.snapshot_date and decisions.pd < products.pd_to
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

annuities as (
    select
        *,
        credit_limit * case
            when apr > 0 then (apr / 12) / (1 - power(1 + apr / 12, -term_months))
            else cast(1 as double) / term_months
        end as instalment,
        1 - power(1 - pd, term_months * cast(365 as double) / 12 / horizon_days) as pd_of_term
    from sized
    where credit_limit >= limit_from
),

-- What is owed on average over the term: all interest that is paid, by the rate. A limit is drawn and redrawn.
owing as (
    select
        *,
        case
            when is_revolving then credit_limit * drawn_share
            when apr > 0 then (instalment * term_months - credit_limit) / (apr / 12 * term_months)
            else credit_limit * (term_months + 1) / (2 * term_months)
        end as owed_on_average
    from annuities
),

-- Both over the term and on what is owed in it: a default may come in any month, and ends the interest. Who comes to
-- default has mostly drawn the whole limit by then.
valued as (
    select
        *,
        case when is_revolving then credit_limit else owed_on_average end
        * pd_of_term * loss_given_default as expected_loss,
        owed_on_average * (apr - funding_rate) * term_months / 12 * (1 - pd_of_term / 2) as expected_interest
    from owing
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
    instalment,
    affordable_instalment,
    pd_of_term,
    expected_loss,
    expected_interest - expected_loss as expected_margin,
    expected_interest > expected_loss as is_profitable,
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
