{{ config(meta={'dagster': {'ref': {'name': 'credit_scorecard'}}}) }}
-- Fails if an auditor who recalculates a weight of evidence or an information value from the counts of the rows, by the
-- formulas of their columns, finds another.
with bins as (
    select
        *,
        cast(n_rows as double) as n,
        cast(n_defaults as double) as bad,
        cast(sum(n_rows) over (partition by model_version, characteristic) as double) as all_n,
        cast(sum(n_defaults) over (partition by model_version, characteristic) as double) as all_bad
    from {{ ref('credit_scorecard') }}
    where smoothing_rows is not null
),

rated as (
    select
        *,
        all_bad / all_n as r
    from bins
),

again as (
    select
        *,
        ln((n - bad + smoothing_rows * (1 - r)) / (1 - r)) - ln((bad + smoothing_rows * r) / r) as woe_again,
        (n - bad) / (all_n - all_bad) - bad / all_bad as share_apart,
        ln((n - bad) / nullif(bad, 0)) - ln((1 - r) / r) as raw_again
    from rated
)

select * from again
where
    abs(woe - woe_again) > 1e-9
    or abs(iv - share_apart * woe_again) > 1e-9
    or coalesce(abs(woe_raw - raw_again) > 1e-9, (bad > 0 and bad < n) <> (woe_raw is not null))
