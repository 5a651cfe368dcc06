{%- set traits = [
    'recency_days', 'n_orders_lifetime', 'aov_lifetime', 'n_sessions_90d', 'engagement_score', 'refund_lifetime_share',
] -%}
with segments as (select * from {{ ref('segments') }}),

means as (
    {%- for trait in traits %}
    select
        segment_id,
        segment_name,
        snapshot_date,
        model_version,
        '{{ trait }}' as trait,
        {{ trait }}_mean as trait_mean
    from segments
    where {{ trait }}_mean is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    *,
    coalesce(
        (trait_mean - avg(trait_mean) over (partition by trait))
        / nullif(stddev_pop(trait_mean) over (partition by trait), 0),
        0
    ) as standing
from means
