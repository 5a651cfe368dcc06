with scores as (
    select scores.*
    from {{ ref('ml_credit__scores') }} as scores
    inner join {{ ref('ml_run') }} as run on scores.snapshot_date = run.snapshot_date
),

bands as (select * from {{ ref('credit_bands') }})

select
    scores.customer_id,
    scores.snapshot_date,
    scores.score,
    scores.pd,
    scores.pd_lower,
    scores.pd_upper,
    scores.band,
    bands.meaning as band_meaning,
    scores.bins,
    scores.base_points,
    scores.factor,
    scores.pd_offset,
    scores.model_name,
    scores.algorithm,
    scores.model_version,
    scores.feature_version,
    scores.run_id,
    scores.scored_at
from scores
inner join bands on scores.band = bands.band
