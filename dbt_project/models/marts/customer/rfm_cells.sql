with customers as (select * from {{ ref('customer_rfm_segments') }}),

cells as (
    select
        recency_score,
        frequency_score,
        max(snapshot_date) as snapshot_date,
        count(*) as n_customers,
        cast(avg(monetary_score) as double) as monetary_score_mean
    from customers
    group by recency_score, frequency_score
)

select
    *,
    {{ ratio('n_customers', 'sum(n_customers) over ()') }} as customer_share
from cells
