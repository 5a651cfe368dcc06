with results as (
    select * from {{ ref('drift_results') }}
    where
        subject_kind = 'performance'
        and measure in ('auc_change', 'brier_change', 'ece', 'bias', 'mae_change')
        and value is not null
),

registry as (select * from {{ ref('model_registry') }}),

backtests as (
    select * from {{ ref('model_performance') }}
    where group_name = 'all'
),

-- A day that was judged again shows what was found last.
latest as (
    select
        *,
        row_number() over (
            partition by model_name, column_name, reference_date, measure
            order by evaluated_at desc
        ) as age
    from results
),

judged as (
    select
        latest.model_name,
        latest.model_version,
        latest.column_name,
        latest.reference_date,
        coalesce(
            try_cast(nullif(regexp_extract(latest.column_name, '_([0-9]+)d$', 1), '') as integer),
            max(registry.horizon_days)
        ) as horizon,
        max(latest.snapshot_date) as judged_on,
        max(latest.n_current) as n,
        max(case when latest.measure = 'auc_change' then latest.value end) as auc_change,
        max(case when latest.measure = 'brier_change' then latest.value end) as brier_change,
        max(case when latest.measure = 'ece' then latest.value end) as ece,
        max(case when latest.measure = 'bias' then latest.value end) as bias,
        max(case when latest.measure = 'mae_change' then latest.value end) as mae_change
    from latest
    left join registry
        on latest.model_name = registry.model_name and latest.model_version = registry.model_version
    where latest.age = 1
    group by latest.model_name, latest.model_version, latest.column_name, latest.reference_date
),

-- Changes are on record beside what the version promised: the mean of its backtests of that horizon.
promised as (
    select
        judged.model_name,
        judged.model_version,
        judged.column_name,
        judged.reference_date,
        avg(backtests.auc) as auc,
        avg(backtests.brier) as brier,
        avg(backtests.mae) as mae
    from judged
    inner join backtests
        on
            judged.model_name = backtests.model_name
            and judged.model_version = backtests.model_version
            and (backtests.horizon is null or judged.horizon = backtests.horizon)
    group by judged.model_name, judged.model_version, judged.column_name, judged.reference_date
)

select
    judged.model_name,
    judged.model_version,
    judged.column_name as forecast,
    judged.horizon,
    judged.reference_date as scored_on,
    judged.judged_on,
    judged.n,
    promised.auc + judged.auc_change as auc,
    promised.auc as auc_promised,
    promised.brier + judged.brier_change as brier,
    promised.brier as brier_promised,
    judged.ece,
    judged.bias,
    promised.mae + judged.mae_change as mae,
    promised.mae as mae_promised
from judged
left join promised
    on
        judged.model_name = promised.model_name
        and judged.model_version = promised.model_version
        and judged.column_name = promised.column_name
        and judged.reference_date = promised.reference_date
