with run as (select * from {{ ref('ml_run') }}),

population as (
    select
        population.customer_id,
        population.snapshot_date,
        population.churn_type,
        cast(population.snapshot_date as timestamp) as snapshot_at
    from {{ ref('ml_churn__population') }} as population
    inner join run on population.snapshot_date < run.snapshot_date
    where population.is_training
),

next_purchases as (select * from {{ ref('ml_next_purchase__labels') }}),

-- As far as the newest snapshot knows: an end that still lies ahead of it is none.
subscriptions as (
    select
        subscriptions.subscription_id,
        subscriptions.customer_id,
        subscriptions.started_at,
        cast(run.snapshot_date as timestamp) as until_at,
        least(
            coalesce(subscriptions.ended_at, cast(run.snapshot_date as timestamp)),
            cast(run.snapshot_date as timestamp)
        ) as subscribed_until_at
    from {{ ref('int_success__subscriptions') }} as subscriptions
    cross join run
    where {{ known_at('cast(run.snapshot_date as timestamp)', 'started_at', 'subscriptions') }}
),

-- One that begins by the day after the others ended goes on where they stopped: contracts are dated to days.
compared as (
    select
        *,
        coalesce(
            started_at <= max(subscribed_until_at) over (
                partition by customer_id
                order by started_at, subscription_id
                rows between unbounded preceding and 1 preceding
            ) + interval '1' day,
            false
        ) as is_successor
    from subscriptions
),

numbered as (
    select
        *,
        sum(case when is_successor then 0 else 1 end) over (
            partition by customer_id
            order by started_at, subscription_id
            rows between unbounded preceding and current row
        ) as spell
    from compared
),

-- Times in which a customer subscribed without a break.
spells as (
    select
        customer_id,
        spell,
        min(started_at) as started_at,
        max(subscribed_until_at) as subscribed_until_at,
        max(until_at) as until_at
    from numbered
    group by customer_id, spell
),

followed as (
    select
        *,
        lead(started_at) over (partition by customer_id order by spell) as next_started_at
    from spells
),

-- A cancellation from before the snapshot that landed after it is an end on the day of the snapshot.
subscription_ends as (
    select
        population.customer_id,
        population.snapshot_date,
        population.churn_type,
        {{ days_between('population.snapshot_at', 'greatest(followed.subscribed_until_at, population.snapshot_at)') }}
            as duration_days,
        followed.subscribed_until_at < followed.until_at as is_observed
    from population
    inner join followed
        on
            population.customer_id = followed.customer_id
            and population.snapshot_at > followed.started_at
            and (population.snapshot_at <= followed.next_started_at or followed.next_started_at is null)
    where population.churn_type = 'contractual'
)

select
    population.customer_id,
    population.snapshot_date,
    population.churn_type,
    next_purchases.duration_days,
    next_purchases.is_observed
from population
inner join next_purchases
    on
        population.customer_id = next_purchases.customer_id
        and population.snapshot_date = next_purchases.snapshot_date
where population.churn_type = 'non_contractual'
union all
select
    customer_id,
    snapshot_date,
    churn_type,
    duration_days,
    is_observed
from subscription_ends
