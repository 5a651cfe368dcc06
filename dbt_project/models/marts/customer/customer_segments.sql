with scores as (
    select scores.*
    from {{ ref('ml_segments__scores') }} as scores
    inner join {{ ref('ml_run') }} as run on scores.snapshot_date = run.snapshot_date
),

features as (
    select * from {{ ref('customer_features') }}
    where {{ is_newest_snapshot() }}
),

valued as (
    select
        scores.*,
        coalesce(features.spend_lifetime, 0) - coalesce(features.refund_lifetime, 0) as net_spend_lifetime,
        greatest(coalesce(features.spend_lifetime, 0) - coalesce(features.refund_lifetime, 0), 0) as brought
    from scores
    inner join features on scores.customer_id = features.customer_id
),

summed as (
    select
        *,
        sum(brought) over () as brought_by_all,
        -- Customers of equal value share their place, so that no order of rows decides on a tier.
        sum(brought) over (order by brought desc) - sum(brought) over (partition by brought) as brought_by_better
    from valued
),

placed as (
    select
        *,
        case when brought > 0 then cast(brought_by_better as double) / cast(brought_by_all as double) else 1 end
            as value_share_before
    from summed
),

tiers as (select * from {{ ref('value_tiers') }})

select
    placed.customer_id,
    placed.snapshot_date,
    placed.segment_id,
    placed.segment_name,
    placed.sureness,
    placed.distance,
    placed.runner_up_id,
    placed.runner_up_name,
    placed.runner_up_distance,
    tiers.value_tier,
    tiers.treatment,
    cast(placed.net_spend_lifetime as decimal(28, 4)) as net_spend_lifetime,
    placed.model_name,
    placed.algorithm,
    placed.model_version,
    placed.feature_version,
    placed.run_id,
    placed.scored_at
from placed
inner join tiers
    on
        placed.value_share_before >= tiers.share_from
        and (placed.value_share_before < tiers.share_to or tiers.share_to = 1)
