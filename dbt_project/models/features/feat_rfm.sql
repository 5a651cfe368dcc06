with spine as ({{ spine() }}),

orders as (
    select * from {{ ref('feat_orders') }}
    where {{ in_snapshots_to_build() }}
),

buyers as (
    select
        orders.customer_id,
        orders.snapshot_date,
        spine.lake_batch,
        spine.is_sampled,
        -orders.recency_days as recency,
        cast(orders.n_orders_lifetime as double) as frequency,
        cast(orders.spend_lifetime as double) as monetary
    from orders
    inner join spine on orders.customer_id = spine.customer_id and orders.snapshot_date = spine.snapshot_date
    where orders.n_orders_lifetime > 0
),

measures as (
    {% for measure in ['recency', 'frequency', 'monetary'] -%}
    select
        snapshot_date,
        '{{ measure }}' as measure,
        {{ measure }} as measured,
        row_number() over (partition by snapshot_date order by {{ measure }}, customer_id) as place,
        count(*) over (partition by snapshot_date) as n_buyers
    from buyers
    where is_sampled
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- Fitted on the sampled buyers of the snapshot, so that a snapshot has the same quintiles for a sample and for all.
quintiles as (
    select
        {% for measure in ['recency', 'frequency', 'monetary'] -%}
        {% for fifth in [1, 2, 3, 4] -%}
        max(case when measure = '{{ measure }}' and place = ceil(n_buyers * {{ fifth }} / 5.0) then measured end)
            as {{ measure }}_{{ fifth }},
        {% endfor -%}
        {% endfor -%}
        snapshot_date
    from measures
    group by snapshot_date
)

select
    buyers.customer_id,
    buyers.snapshot_date,
    buyers.lake_batch,
    -- Values alike get scores alike; the highest fifth, for recency the most recent, gets 5.
    {% for measure in ['recency', 'frequency', 'monetary'] -%}
    1
    {% for fifth in [1, 2, 3, 4] -%}
    + case when buyers.{{ measure }} > quintiles.{{ measure }}_{{ fifth }} then 1 else 0 end
    {% endfor -%}
        as {{ measure }}_score{% if not loop.last %},{% endif %}
    {% endfor %}
from buyers
inner join quintiles on buyers.snapshot_date = quintiles.snapshot_date
