with population as (
    select * from {{ ref('ml_churn__population') }}
    where is_sampled
),

-- Who subscribes is followed to the end of the last subscription instead, once such customers are in the population.
next_purchases as (select * from {{ ref('ml_next_purchase__labels') }})

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
