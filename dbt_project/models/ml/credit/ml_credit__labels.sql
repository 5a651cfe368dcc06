{%- set late_days = checked_var('credit_default_days_past_due', 30, 180) %}
with run as (select * from {{ ref('ml_run') }}),

-- Only windows that have passed in full, of customers who perform.
watched as (
    select
        population.customer_id,
        population.snapshot_date,
        population.has_open_loan,
        cast(population.snapshot_date as timestamp) as snapshot_at,
        {{ add_days('cast(population.snapshot_date as timestamp)', 'run.credit_default_horizon_days') }} as until_at,
        {{ add_days(
            'cast(population.snapshot_date as timestamp)', checked_var('credit_application_days', 0, 90)
        ) }} as applied_until_at
    from {{ ref('ml_credit__population') }} as population
    inner join run
        on {{ add_days('population.snapshot_date', 'run.credit_default_horizon_days') }} <= run.snapshot_date
    where population.is_training and population.is_performing
),

loans as (
    select loans.*
    from {{ ref('int_finance__loans') }} as loans
    cross join run
    where {{ known_at('cast(run.snapshot_date as timestamp)', 'opened_at', 'loans') }}
),

-- Who borrows at the snapshot, and who comes to borrow soon after: applicants, judged by what was known before.
applicants as (
    select distinct
        watched.customer_id,
        watched.snapshot_date
    from watched
    inner join loans
        on
            watched.customer_id = loans.customer_id
            and watched.snapshot_at <= loans.opened_at
            and watched.applied_until_at > loans.opened_at
),

population as (
    select
        watched.*,
        not watched.has_open_loan as is_applicant
    from watched
    left join applicants
        on watched.customer_id = applicants.customer_id and watched.snapshot_date = applicants.snapshot_date
    where watched.has_open_loan or applicants.customer_id is not null
),

instalments as (
    select
        instalments.customer_id,
        instalments.due_at,
        instalments.settled_at
    from {{ ref('int_finance__instalments') }} as instalments
    cross join run
    left join loans on instalments.loan_id = loans.loan_id
    where
        {{ known_at('cast(run.snapshot_date as timestamp)', 'due_at', 'instalments') }}
        and (loans.closed_at is null or instalments.due_at <= loans.closed_at)
),

-- The moments at which an instalment became so late while nobody had paid it.
delays as (
    select
        customer_id,
        settled_at,
        {% for days in [30, late_days] | unique -%}
        {%- set late_at = "due_at + interval '" ~ days ~ "' day" -%}
        case when settled_at is null or settled_at >= {{ late_at }} then {{ late_at }} end as late_{{ days }}d_at
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from instalments
)

select
    population.customer_id,
    population.snapshot_date,
    population.is_applicant,
    coalesce(bool_or(
        delays.late_{{ late_days }}d_at >= population.snapshot_at
        and delays.late_{{ late_days }}d_at < population.until_at
    ), false) as is_default,
    -- Who was as late before the snapshot already, and is so still, counts: every default was that late on its way.
    coalesce(bool_or(
        delays.late_30d_at < population.until_at
        and coalesce(delays.settled_at >= population.snapshot_at, true)
    ), false) as is_late_30d
from population
left join delays on population.customer_id = delays.customer_id
group by population.customer_id, population.snapshot_date, population.is_applicant
