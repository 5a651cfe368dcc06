with offers as (select * from {{ ref('credit_offers') }}),

products as (
    select
        product,
        max(snapshot_date) as snapshot_date,
        count(*) as n_customers,
        count(*) filter (where is_profitable) as n_profitable,
        sum(credit_limit) as credit_limit,
        avg(credit_limit) as credit_limit_mean,
        min(apr_from) as apr_from,
        max(apr_to) as apr_to,
        sum(expected_loss) as expected_loss,
        sum(expected_margin) as expected_margin
    from offers
    group by product
)

select
    *,
    {{ ratio('expected_loss', 'credit_limit') }} as expected_loss_share
from products
