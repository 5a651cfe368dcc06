{%- set newest = day(newest_full_snapshot()) -%}
with orders as (
    select * from {{ ref('int_commerce__orders') }}
    where {{ known_at(newest, 'ordered_at') }}
),

by_month as (
    select
        customer_id,
        cast({{ dbt.date_trunc('month', 'ordered_at') }} as date) as order_month,
        count(*) as n_orders,
        sum(amount) as revenue
    from orders
    group by customer_id, cast({{ dbt.date_trunc('month', 'ordered_at') }} as date)
),

firsts as (
    select
        *,
        min(order_month) over (partition by customer_id) as cohort_month
    from by_month
),

numbered as (
    select
        *,
        cast(
            (extract(year from order_month) - extract(year from cohort_month)) * 12
            + extract(month from order_month) - extract(month from cohort_month) as integer
        ) as month_number
    from firsts
),

summed as (
    select
        cohort_month,
        month_number,
        order_month,
        count(*) as n_buyers,
        cast(sum(n_orders) as bigint) as n_orders,
        cast(coalesce(sum(revenue), 0) as decimal(28, 4)) as revenue
    from numbered
    group by cohort_month, month_number, order_month
),

cohorts as (
    select
        cohort_month,
        n_buyers as cohort_size
    from summed
    where month_number = 0
),

-- A month in which nobody of a cohort bought is a retention of 0, not a gap.
months as (
    select distinct order_month from summed
),

grid as (
    select
        cohorts.cohort_month,
        cohorts.cohort_size,
        months.order_month,
        cast(
            (extract(year from months.order_month) - extract(year from cohorts.cohort_month)) * 12
            + extract(month from months.order_month) - extract(month from cohorts.cohort_month) as integer
        ) as month_number
    from cohorts
    inner join months on cohorts.cohort_month <= months.order_month
),

filled as (
    select
        grid.cohort_month,
        grid.month_number,
        grid.order_month,
        grid.cohort_size,
        coalesce(summed.n_buyers, 0) as n_buyers,
        coalesce(summed.n_orders, 0) as n_orders,
        coalesce(summed.revenue, 0) as revenue
    from grid
    left join summed
        on grid.cohort_month = summed.cohort_month and grid.order_month = summed.order_month
)

select
    cohort_month,
    month_number,
    order_month,
    order_month < cast({{ dbt.date_trunc('month', newest) }} as date) as is_complete,
    cohort_size,
    n_buyers,
    {{ ratio('n_buyers', 'cohort_size') }} as retention_share,
    {{ share_bound('n_buyers', 'cohort_size', 'lower') }} as retention_share_lower,
    {{ share_bound('n_buyers', 'cohort_size', 'upper') }} as retention_share_upper,
    n_orders,
    cast(revenue as decimal(28, 4)) as revenue,
    {{ ratio('revenue', 'cohort_size') }} as revenue_per_customer,
    cast(sum(revenue) over (partition by cohort_month order by month_number) as double) / cast(cohort_size as double)
        as cumulative_revenue_per_customer
from filled
