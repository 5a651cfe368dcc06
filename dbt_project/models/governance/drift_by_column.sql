with results as (
    select * from {{ ref('drift_results') }}
    where column_name is not null and value is not null and threshold > 0
),

-- A day that was looked at again shows what was found last.
latest as (
    select
        *,
        row_number() over (
            partition by snapshot_date, subject, column_name, measure, reference
            order by evaluated_at desc
        ) as age
    from results
),

ranked as (
    select
        *,
        value / threshold as of_threshold,
        row_number() over (
            partition by snapshot_date, subject, column_name, reference
            order by value / threshold desc, measure asc
        ) as place
    from latest
    where age = 1
),

-- Inputs of a model drift where they are unlike both of their references: the nearer one tells.
nearest as (
    select
        *,
        row_number() over (
            partition by snapshot_date, subject, column_name
            order by of_threshold asc, reference asc
        ) as place_of_reference
    from ranked
    where place = 1
)

select
    snapshot_date,
    -- Not called subject: that is what tickets of persons have.
    subject as compared_table,
    subject_kind as compared_kind,
    column_name,
    measure,
    value,
    threshold,
    of_threshold,
    of_threshold >= 1 as is_drifted,
    reference,
    reference_date,
    model_name,
    model_version,
    n_reference,
    n_current
from nearest
where place_of_reference = 1
