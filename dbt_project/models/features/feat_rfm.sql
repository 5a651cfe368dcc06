{#- Where the next higher fifth begins. The most recent buyers are in the top fifth however many share their day, so
    recency counts from the first of a fifth up; for counts and money, equals stay in the lower fifth together. -#}
{%- set first_place = {
    'recency': 'floor(n_buyers * {} / 5.0) + 1',
    'frequency': 'ceil(n_buyers * {} / 5.0)',
    'monetary': 'ceil(n_buyers * {} / 5.0)',
} %}
{%- set above = {'recency': '>=', 'frequency': '>', 'monetary': '>'} %}

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
        cast(coalesce(orders.spend_lifetime, 0) as double) as monetary
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
        max(
            case when measure = '{{ measure }}' and place = {{ first_place[measure].format(fifth) }} then measured end
        ) as {{ measure }}_{{ fifth }},
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
    {% for measure in ['recency', 'frequency', 'monetary'] -%}
    1
    {% for fifth in [1, 2, 3, 4] -%}
    + case when buyers.{{ measure }} {{ above[measure] }} quintiles.{{ measure }}_{{ fifth }} then 1 else 0 end
    {% endfor -%}
        as {{ measure }}_score{% if not loop.last %},{% endif %}
    {% endfor %}
from buyers
inner join quintiles on buyers.snapshot_date = quintiles.snapshot_date
