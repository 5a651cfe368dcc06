with features as (
    select * from {{ ref('customer_features') }}
    where {{ is_newest_snapshot() }}
),

rules as (select * from {{ ref('rfm_segments') }})

select
    features.customer_id,
    features.snapshot_date,
    features.recency_score,
    features.frequency_score,
    features.monetary_score,
    rules.segment as rfm_segment,
    rules.treatment,
    features.feature_version
from features
inner join rules
    on
        features.recency_score between rules.recency_from and rules.recency_to
        and features.frequency_score between rules.frequency_from and rules.frequency_to
        and features.monetary_score between rules.monetary_from and rules.monetary_to
