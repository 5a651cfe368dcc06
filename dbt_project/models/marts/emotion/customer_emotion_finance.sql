{#- Hours after a negative event in which spending counts as coming after it, by the name of the measure. -#}
{%- set spans = {'stress_24h': 24, 'stress_3d': 72} %}
{%- set newest = day(newest_full_snapshot()) %}
with felt as (select * from {{ ref('int_emotion__felt') }}),

spending as (select * from {{ ref('int_emotion__spending') }}),

consents as (
    select * from {{ ref('int_emotion__consents') }}
    where purpose = 'emotion_analytics' and {{ known_at(newest, 'valid_from') }}
),

profiles as (
    select
        customer_id,
        registered_at
    from {{ ref('feat_profile') }}
    where snapshot_date = cast({{ newest }} as date)
),

running as (
    select distinct customer_id
    from consents
    where valid_to is null or valid_to >= {{ newest }}
),

spent_weekly as (
    select
        customer_id,
        cast({{ dbt.date_trunc('week', 'spent_at') }} as date) as week_start_date,
        sum(amount) as spend,
        sum(order_amount) as order_spend,
        sum(booked_amount) as discretionary_spend
    from spending
    group by customer_id, cast({{ dbt.date_trunc('week', 'spent_at') }} as date)
),

felt_weekly as (
    select
        customer_id,
        cast({{ dbt.date_trunc('week', 'felt_at') }} as date) as week_start_date,
        count(*) as n_events,
        avg(valence) as valence_mean,
        avg(arousal) as arousal_mean,
        count(*) filter (where is_negative) as n_negative_events
    from felt
    group by customer_id, cast({{ dbt.date_trunc('week', 'felt_at') }} as date)
),

-- What was spent after a negative event and before the next one counts for the week of the event.
followed as (
    select
        felt.customer_id,
        felt.emotion_event_id,
        cast({{ dbt.date_trunc('week', 'felt.felt_at') }} as date) as week_start_date,
        {% for name, hours in spans.items() -%}
        least({{ days_between('felt.felt_at', 'felt.followed_until') }}, {{ hours }} / 24.0) as {{ name }}_days,
        sum(
            case when spending.spent_at < felt.felt_at + interval '{{ hours }}' hour then spending.amount end
        ) as {{ name }}_spend,
        {% endfor -%}
        count(*) as n_rows
    from felt
    left join spending
        on
            felt.customer_id = spending.customer_id
            and felt.felt_at <= spending.spent_at
            and felt.followed_until > spending.spent_at
            and felt.felt_at + interval '{{ spans.values() | max }}' hour > spending.spent_at
    where felt.is_negative
    group by felt.customer_id, felt.emotion_event_id, felt.felt_at, felt.followed_until
),

stressed_weekly as (
    select
        customer_id,
        week_start_date,
        {% for name in spans -%}
        sum({{ name }}_days) as {{ name }}_days,
        sum(coalesce({{ name }}_spend, 0)) as {{ name }}_spend{% if not loop.last %},{% endif %}
        {% endfor %}
    from followed
    group by customer_id, week_start_date
),

negative_days as (
    select
        customer_id,
        cast(felt_at as date) as felt_date
    from felt
    group by customer_id, cast(felt_at as date)
    having avg(valence) < {{ var('emotion_negative_below') }}
),

-- The day after a negative day, whatever was felt or spent on it.
days_after as (
    select
        negative_days.customer_id,
        {{ add_days('negative_days.felt_date', 1) }} as day_after,
        sum(spending.amount) as spend
    from negative_days
    left join spending
        on
            negative_days.customer_id = spending.customer_id
            and {{ add_days('negative_days.felt_date', 1) }} = cast(spending.spent_at as date)
    where {{ add_days('negative_days.felt_date', 1) }} < {{ newest }}
    group by negative_days.customer_id, negative_days.felt_date
),

after_weekly as (
    select
        customer_id,
        cast({{ dbt.date_trunc('week', 'day_after') }} as date) as week_start_date,
        count(*) as n_days_after_negative,
        sum(coalesce(spend, 0)) as spend_after_negative_days
    from days_after
    group by customer_id, cast({{ dbt.date_trunc('week', 'day_after') }} as date)
),

weeks as (
    select customer_id, week_start_date from spent_weekly
    union
    select customer_id, week_start_date from felt_weekly
    union
    select customer_id, week_start_date from after_weekly
),

covered as (
    select distinct
        weeks.customer_id,
        weeks.week_start_date
    from weeks
    inner join running on weeks.customer_id = running.customer_id
    inner join consents
        on
            weeks.customer_id = consents.customer_id
            and {{ add_days('weeks.week_start_date', 7) }} > consents.valid_from
            and (consents.valid_to is null or weeks.week_start_date < consents.valid_to)
),

-- Of the 12 weeks before a week the days that the customer was there for; a week of them is the least that is usual.
known as (
    select
        weeks.customer_id,
        weeks.week_start_date,
        least(84, {{ days_between('profiles.registered_at', 'weeks.week_start_date') }}) as days_before
    from weeks
    left join profiles on weeks.customer_id = profiles.customer_id
),

joined as (
    select
        weeks.customer_id,
        weeks.week_start_date,
        covered.customer_id is not null as is_covered_by_consent,
        coalesce(spent.spend, 0) as spend,
        coalesce(spent.order_spend, 0) as order_spend,
        coalesce(spent.discretionary_spend, 0) as discretionary_spend,
        cast(sum(spent.spend) over (
            partition by weeks.customer_id
            order by {{ dbt.datediff("cast('2000-01-03' as date)", 'weeks.week_start_date', 'day') }}
            range between 84 preceding and 7 preceding
        ) as double) / case when known.days_before >= 7 then known.days_before end as usual_spend_per_day,
        felt.n_events,
        felt.valence_mean,
        felt.arousal_mean,
        felt.n_negative_events,
        {% for name in spans -%}
        stressed.{{ name }}_days,
        stressed.{{ name }}_spend,
        {% endfor -%}
        after_weekly.n_days_after_negative,
        after_weekly.spend_after_negative_days
    from weeks
    inner join known on weeks.customer_id = known.customer_id and weeks.week_start_date = known.week_start_date
    left join covered on weeks.customer_id = covered.customer_id and weeks.week_start_date = covered.week_start_date
    left join spent_weekly as spent
        on weeks.customer_id = spent.customer_id and weeks.week_start_date = spent.week_start_date
    left join felt_weekly as felt
        on weeks.customer_id = felt.customer_id and weeks.week_start_date = felt.week_start_date
    left join stressed_weekly as stressed
        on weeks.customer_id = stressed.customer_id and weeks.week_start_date = stressed.week_start_date
    left join after_weekly
        on weeks.customer_id = after_weekly.customer_id and weeks.week_start_date = after_weekly.week_start_date
)

select
    customer_id,
    week_start_date,
    cast({{ newest }} as date) as snapshot_date,
    is_covered_by_consent,
    cast(spend as decimal(28, 4)) as spend,
    cast(order_spend as decimal(28, 4)) as order_spend,
    cast(discretionary_spend as decimal(28, 4)) as discretionary_spend,
    cast(usual_spend_per_day as double) as usual_spend_per_day,
    -- Nothing that tells of feelings outside their consent.
    {% for column in ['n_events', 'n_negative_events', 'n_days_after_negative'] -%}
    case when is_covered_by_consent then cast(coalesce({{ column }}, 0) as bigint) end as {{ column }},
    {% endfor -%}
    case when is_covered_by_consent then valence_mean end as valence_mean,
    case when is_covered_by_consent then arousal_mean end as arousal_mean,
    case when is_covered_by_consent then {{ ratio('n_negative_events', 'n_events') }} end as negative_share,
    {% for name in spans -%}
    case when is_covered_by_consent then cast({{ name }}_spend as decimal(28, 4)) end as {{ name }}_spend,
    case when is_covered_by_consent then cast({{ name }}_days as double) end as {{ name }}_days,
    case
        when is_covered_by_consent
            then {{ ratio(name ~ '_spend', name ~ '_days') }} / nullif(cast(usual_spend_per_day as double), 0)
    end as {{ name }}_ratio,
    {% endfor -%}
    case
        when is_covered_by_consent then cast(spend_after_negative_days as decimal(28, 4))
    end as spend_after_negative_days
from joined
where
    week_start_date >= {{ add_days('cast(' ~ newest ~ ' as date)', -7 * var('emotion_finance_weeks')) }}
