{%- set profile = [
    'recency_days', 'n_orders_lifetime', 'spend_lifetime', 'aov_lifetime', 'discount_lifetime_share',
    'n_categories_lifetime', 'refund_lifetime_share', 'n_sessions_90d', 'engagement_score',
] -%}
with customers as (select * from {{ ref('customer_segments') }}),

features as (
    select * from {{ ref('customer_features') }}
    where {{ is_newest_snapshot() }}
),

profiles as (
    select
        customers.segment_id,
        customers.segment_name,
        customers.snapshot_date,
        customers.algorithm,
        customers.model_version,
        customers.scored_at,
        count(*) as n_customers,
        count(case when customers.value_tier = 'high' then 1 end) as n_high_value,
        sum(coalesce(features.spend_lifetime, 0)) as spend_lifetime,
        {% for column in profile -%}
        cast(avg(features.{{ column }}) as double) as {{ column }}_mean,
        {% endfor -%}
        avg(customers.sureness) as sureness_mean
    from customers
    inner join features on customers.customer_id = features.customer_id
    group by
        customers.segment_id,
        customers.segment_name,
        customers.snapshot_date,
        customers.algorithm,
        customers.model_version,
        customers.scored_at
),

measured as (
    select
        model_version,
        {{ json_rows('performance_json', [
            {'name': 'group_name', 'type': 'varchar'},
            {'name': 'group_value', 'type': 'varchar'},
            {'name': 'silhouette', 'type': 'double'},
        ]) }}
    from {{ ref('ml_segments__fit') }}
)

select
    profiles.segment_id,
    profiles.segment_name,
    profiles.snapshot_date,
    profiles.n_customers,
    cast(profiles.n_customers as double) / cast(sum(profiles.n_customers) over () as double) as customer_share,
    profiles.n_high_value,
    cast(profiles.spend_lifetime as decimal(28, 4)) as spend_lifetime,
    cast(profiles.spend_lifetime as double) / nullif(cast(sum(profiles.spend_lifetime) over () as double), 0)
        as spend_share,
    {% for column in profile -%}
    profiles.{{ column }}_mean,
    {% endfor -%}
    profiles.sureness_mean,
    measured.silhouette,
    profiles.algorithm,
    profiles.model_version,
    profiles.scored_at
from profiles
left join measured
    on
        profiles.model_version = measured.model_version
        and measured.group_name = 'segment'
        and cast(profiles.segment_id as {{ dbt.type_string() }}) = measured.group_value
