with run as (select * from {{ ref('ml_run') }}),

-- Only windows that have passed in full, of the customers drawn for training.
population as (
    select
        population.customer_id,
        population.snapshot_date,
        population.churn_type,
        cast(population.snapshot_date as timestamp) as snapshot_at,
        {{ add_days('cast(population.snapshot_date as timestamp)', 'run.churn_horizon_days') }} as until_at
    from {{ ref('ml_churn__population') }} as population
    inner join run on {{ add_days('population.snapshot_date', 'run.churn_horizon_days') }} <= run.snapshot_date
    where population.is_training
),

orders as (
    select orders.*
    from {{ ref('int_commerce__orders') }} as orders
    cross join run
    where {{ known_at('cast(run.snapshot_date as timestamp)', 'ordered_at', 'orders') }}
),

returned as (
    select distinct
        population.customer_id,
        population.snapshot_date
    from population
    inner join orders
        on
            population.customer_id = orders.customer_id
            and population.snapshot_at <= orders.ordered_at
            and population.until_at > orders.ordered_at
),

subscriptions as (
    select subscriptions.*
    from {{ ref('int_success__subscriptions') }} as subscriptions
    cross join run
    where {{ known_at('cast(run.snapshot_date as timestamp)', 'started_at', 'subscriptions') }}
),

-- Who subscribes when the window closes, be it to another subscription than when it opened.
retained as (
    select distinct
        population.customer_id,
        population.snapshot_date
    from population
    inner join subscriptions
        on
            population.customer_id = subscriptions.customer_id
            and population.until_at > subscriptions.started_at
            and (subscriptions.ended_at is null or population.until_at <= subscriptions.ended_at)
)

select
    population.customer_id,
    population.snapshot_date,
    population.churn_type,
    case
        when population.churn_type = 'contractual' then retained.customer_id is null
        else returned.customer_id is null
    end as is_churned
from population
left join returned
    on population.customer_id = returned.customer_id and population.snapshot_date = returned.snapshot_date
left join retained
    on population.customer_id = retained.customer_id and population.snapshot_date = retained.snapshot_date
