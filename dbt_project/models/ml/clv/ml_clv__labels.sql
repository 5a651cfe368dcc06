{%- set horizons = [90, 365] %}
with run as (select * from {{ ref('ml_run') }}),

-- Whose first window has passed in full, of the customers drawn for training; of the longer window, if it has.
population as (
    select
        spine.customer_id,
        spine.snapshot_date,
        {% for days in horizons -%}
        {{ add_days('spine.snapshot_date', days) }} <= run.snapshot_date as is_matured_{{ days }}d,
        {% endfor -%}
        cast(spine.snapshot_date as timestamp) as snapshot_at
    from {{ ref('int_core__customer_spine') }} as spine
    inner join run on {{ add_days('spine.snapshot_date', horizons[0]) }} <= run.snapshot_date
    where spine.is_training
),

-- Money in and money back, as far as the newest snapshot knows.
flows as (
    select
        orders.customer_id,
        orders.ordered_at as flowed_at,
        coalesce(orders.amount, 0) as amount
    from {{ ref('int_commerce__orders') }} as orders
    cross join run
    where {{ known_at('cast(run.snapshot_date as timestamp)', 'ordered_at', 'orders') }}
    union all
    select
        returned.customer_id,
        returned.returned_at as flowed_at,
        -coalesce(returned.refund_amount, 0) as amount
    from {{ ref('int_commerce__returns') }} as returned
    cross join run
    where {{ known_at('cast(run.snapshot_date as timestamp)', 'returned_at', 'returned') }}
),

summed as (
    select
        {% for days in horizons -%}
        cast(sum(flows.amount) filter (
            where flows.flowed_at < cast({{ add_days('population.snapshot_date', days) }} as timestamp)
        ) as decimal(28, 4)) as spend_next_{{ days }}d,
        {% endfor -%}
        population.customer_id,
        population.snapshot_date
    from population
    inner join flows
        on
            population.customer_id = flows.customer_id
            and population.snapshot_at <= flows.flowed_at
            and cast({{ add_days('population.snapshot_date', horizons[-1]) }} as timestamp) > flows.flowed_at
    group by population.customer_id, population.snapshot_date
)

select
    {% for days in horizons -%}
    case
        when population.is_matured_{{ days }}d then coalesce(summed.spend_next_{{ days }}d, 0)
    end as spend_next_{{ days }}d,
    {% endfor -%}
    population.customer_id,
    population.snapshot_date
from population
left join summed
    on population.customer_id = summed.customer_id and population.snapshot_date = summed.snapshot_date
