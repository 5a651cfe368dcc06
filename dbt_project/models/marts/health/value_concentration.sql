with clv as (select * from {{ ref('customer_clv') }}),

ranked as (
    select
        clv_365d,
        clv_365d_lower,
        clv_365d_upper,
        ntile(100) over (order by clv_365d desc, customer_id asc) as hundredth
    from clv
),

hundredths as (
    select
        cast(hundredth as integer) as hundredth,
        count(*) as n_customers,
        sum(clv_365d) as clv_365d,
        sum(clv_365d_lower) as clv_365d_lower,
        sum(clv_365d_upper) as clv_365d_upper
    from ranked
    group by hundredth
),

summed as (
    select
        hundredth,
        sum(n_customers) over (order by hundredth rows between unbounded preceding and current row) as n_customers,
        sum(clv_365d) over (order by hundredth rows between unbounded preceding and current row) as clv_365d,
        sum(clv_365d_lower) over (order by hundredth rows between unbounded preceding and current row)
            as clv_365d_lower,
        sum(clv_365d_upper) over (order by hundredth rows between unbounded preceding and current row)
            as clv_365d_upper,
        sum(n_customers) over () as n_customers_in_all,
        sum(clv_365d) over () as clv_365d_in_all
    from hundredths
)

select
    hundredth,
    cast(n_customers as bigint) as n_customers,
    {{ ratio('n_customers', 'n_customers_in_all') }} as customer_share,
    clv_365d,
    clv_365d_lower,
    clv_365d_upper,
    {{ ratio('clv_365d', 'clv_365d_in_all') }} as clv_share
from summed
