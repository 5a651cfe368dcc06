with scores as (
    select scores.*
    from {{ ref('ml_credit__scores') }} as scores
    inner join {{ ref('ml_run') }} as run on scores.snapshot_date = run.snapshot_date
),

versions as (
    select
        model_version,
        max(place) as n_characteristics
    from {{ ref('credit_scorecard') }}
    group by model_version
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
    substr({{ hexadecimal('scores.bin_words') }}, 1, versions.n_characteristics) as bins,
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
inner join versions on scores.model_version = versions.model_version
inner join bands on scores.band = bands.band
