with run as (select * from {{ ref('ml_run') }}),

-- Customers drawn for training, at every snapshot that at least a day has followed.
population as (
    select
        spine.customer_id,
        spine.snapshot_date,
        cast(spine.snapshot_date as timestamp) as snapshot_at,
        cast(run.snapshot_date as timestamp) as until_at
    from {{ ref('int_core__customer_spine') }} as spine
    inner join run on spine.snapshot_date < run.snapshot_date
    where spine.is_training
),

-- As far as the newest snapshot knows. An order is the next one of every snapshot since the order before it.
orders as (
    select
        orders.order_id,
        orders.customer_id,
        orders.ordered_at,
        lag(orders.ordered_at) over (
            partition by orders.customer_id
            order by orders.ordered_at, orders.order_id
        ) as previous_ordered_at
    from {{ ref('int_commerce__orders') }} as orders
    cross join run
    where
        {{ known_at('cast(run.snapshot_date as timestamp)', 'ordered_at', 'orders') }}
        and orders.customer_id in (select population.customer_id from population)
),

next_orders as (
    select
        population.customer_id,
        population.snapshot_date,
        population.snapshot_at,
        orders.order_id,
        coalesce(orders.ordered_at, population.until_at) as followed_until_at
    from population
    left join orders
        on
            population.customer_id = orders.customer_id
            and population.snapshot_at <= orders.ordered_at
            and (population.snapshot_at > orders.previous_ordered_at or orders.previous_ordered_at is null)
),

spent as (
    select
        sold.order_id,
        sold.category,
        sum(coalesce(sold.amount, 0)) as amount
    from {{ ref('int_commerce__order_lines') }} as sold
    cross join run
    where
        {{ known_at('cast(run.snapshot_date as timestamp)', 'ordered_at', 'sold') }}
        and sold.category is not null
        and sold.order_id in (select next_orders.order_id from next_orders)
    group by sold.order_id, sold.category
),

-- The category that most of an order's money went to.
categories as (
    select
        order_id,
        category,
        row_number() over (
            partition by order_id
            order by amount desc, category asc
        ) as place
    from spent
)

select
    next_orders.customer_id,
    next_orders.snapshot_date,
    {{ days_between('next_orders.snapshot_at', 'next_orders.followed_until_at') }} as duration_days,
    next_orders.order_id is not null as is_observed,
    categories.category as next_category
from next_orders
left join categories on next_orders.order_id = categories.order_id and categories.place = 1
