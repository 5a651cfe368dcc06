-- Segments: how many customers, what they do, what they spend.
select
    segment_id,
    segment_name,
    n_customers,
    customer_share,
    n_high_value,
    spend_lifetime,
    spend_share,
    recency_days_mean,
    n_orders_lifetime_mean,
    aov_lifetime_mean,
    n_sessions_90d_mean,
    engagement_score_mean,
    refund_lifetime_share_mean,
    sureness_mean,
    silhouette,
    model_version,
    snapshot_date
from marts.segments
order by n_customers desc, segment_name
