with features as (
    select * from {{ ref('customer_features') }}
    where {{ is_newest_snapshot() }}
),

segments as (select * from {{ ref('customer_rfm_segments') }})

select
    features.customer_id,
    features.snapshot_date,
    features.customer_type,
    features.country,
    features.region,
    features.language,
    features.acquisition_channel,
    features.industry,
    features.company_size,
    features.top_category as preferred_category,
    segments.rfm_segment,
    features.has_marketing_consent,
    features.is_unsubscribed,
    features.tenure_days,
    features.recency_days,
    features.n_orders_lifetime as n_orders,
    features.spend_lifetime as total_spent,
    features.refund_lifetime as total_refunded,
    features.aov_lifetime as aov,
    -- Per 30 days since the first order; at least 30 days, so that a first order yesterday is not 30 a month.
    cast(features.n_orders_lifetime as double) / greatest(features.days_since_first_order / 30, 1) as purchases_per_30d,
    features.gap_mean_days,
    features.n_orders_90d,
    features.spend_90d,
    features.n_sessions_90d,
    features.conversion_90d_share,
    features.engagement_score,
    features.registered_at,
    features.first_ordered_at,
    features.last_ordered_at,
    features.feature_version
from features
left join segments on features.customer_id = segments.customer_id
