{#- Features of emotion under the consents to one purpose: of the customers whom one covers at the snapshot, as it was
    known then, by the events whose moment one covered. All else is null. -#}
{% macro emotion_features(purpose) %}
{%- set means = over_windows([
    'emotion_valence_mean', 'emotion_valence_sd', 'emotion_arousal_mean', 'emotion_arousal_sd', 'emotion_volatility',
]) %}
with spine as ({{ spine(covered_by=['emotion_events', 'consents']) }}),

coverage as (select * from {{ ref('int_core__coverage') }}),

known_consents as ({{ known_rows(ref('int_emotion__consents'), clock='valid_from') }}),

consents as (select * from known_consents where purpose = '{{ purpose }}'),

-- The classes of emotion that may be read at the snapshot.
running as (
    select distinct
        customer_id,
        snapshot_date,
        legal_class
    from consents
    where valid_to is null or valid_to >= snapshot_date
),

stretches as (
    select
        customer_id,
        snapshot_date,
        greatest(valid_from, cast(snapshot_date as timestamp) - interval '{{ windows()[-1] }}' day) as starts_at,
        least(coalesce(valid_to, cast(snapshot_date as timestamp)), cast(snapshot_date as timestamp)) as ends_at
    from consents
),

-- Each stretch from where those that began before it end, so that days under two consents count once.
uncounted as (
    select
        *,
        max(ends_at) over (
            partition by customer_id, snapshot_date
            order by starts_at, ends_at
            rows between unbounded preceding and 1 preceding
        ) as counted_until
    from stretches
),

covered as (
    select
        customer_id,
        snapshot_date,
        sum(
            greatest(0, {{ days_between('greatest(starts_at, coalesce(counted_until, starts_at))', 'ends_at') }})
        ) / {{ windows()[-1] }} as emotion_consent_90d_share
    from uncounted
    group by customer_id, snapshot_date
),

permitted as ({{ known_rows(ref('int_emotion__events'), clock='felt_at', days=windows()[-1]) }}),

-- Once, however many consents cover it.
events as (
    select distinct
        permitted.customer_id,
        permitted.snapshot_date,
        permitted.emotion_event_id,
        permitted.felt_at,
        permitted.valence,
        permitted.arousal
    from permitted
    inner join running
        on
            permitted.customer_id = running.customer_id
            and permitted.snapshot_date = running.snapshot_date
            and permitted.legal_class = running.legal_class
    where permitted.purpose = '{{ purpose }}'
),

in_turn as (
    select
        *,
        valence < {{ var('emotion_negative_below') }} as is_negative,
        extract(hour from felt_at) >= {{ var('emotion_night_from_hour') }}
        or extract(hour from felt_at) < {{ var('emotion_night_to_hour') }} as is_night,
        lag(felt_at) over in_time as previous_felt_at,
        abs(valence - lag(valence) over in_time) as swing,
        -- How many events since, this one among them, were not negative.
        sum(case when valence < {{ var('emotion_negative_below') }} then 0 else 1 end) over (
            partition by customer_id, snapshot_date
            order by felt_at desc, emotion_event_id desc
            rows between unbounded preceding and current row
        ) as n_others_since
    from events
    window in_time as (
        partition by customer_id, snapshot_date
        order by felt_at, emotion_event_id
    )
),

felt as (
    select
        customer_id,
        snapshot_date,
        {{ windowed('count(*)', 'emotion_n_events', clock='felt_at') }},
        {{ windowed('avg(valence)', 'emotion_valence_mean', clock='felt_at', type='double') }},
        {{ windowed('stddev_samp(valence)', 'emotion_valence_sd', clock='felt_at', type='double') }},
        {{ windowed('avg(arousal)', 'emotion_arousal_mean', clock='felt_at', type='double') }},
        {{ windowed('stddev_samp(arousal)', 'emotion_arousal_sd', clock='felt_at', type='double') }},
        -- Both events of a swing lie in the window.
        {{ windowed('avg(swing)', 'emotion_volatility', clock='previous_felt_at', type='double') }},
        {{ windowed('count(*)', 'n_negative', clock='felt_at', where='is_negative') }},
        {{ windowed('count(*)', 'n_night', clock='felt_at', where='is_night') }},
        count(*) filter (where n_others_since = 0) as emotion_negative_streak_90d,
        max(felt_at) as last_felt_at
    from in_turn
    group by customer_id, snapshot_date
),

agreed as (
    select distinct
        customer_id,
        snapshot_date
    from running
),

joined as (
    select
        spine.customer_id,
        spine.snapshot_date,
        spine.lake_batch,
        coverage.has_emotion_events and agreed.customer_id is not null as is_covered,
        {% for column in over_windows(['emotion_n_events', 'n_negative', 'n_night']) + means -%}
        felt.{{ column }},
        {% endfor -%}
        felt.emotion_negative_streak_90d,
        {{ days_between('felt.last_felt_at', 'spine.snapshot_at') }} as emotion_recency_90d_days,
        covered.emotion_consent_90d_share
    from spine
    inner join coverage on spine.snapshot_date = coverage.snapshot_date
    left join agreed on spine.customer_id = agreed.customer_id and spine.snapshot_date = agreed.snapshot_date
    left join covered on spine.customer_id = covered.customer_id and spine.snapshot_date = covered.snapshot_date
    left join felt on spine.customer_id = felt.customer_id and spine.snapshot_date = felt.snapshot_date
)

select
    customer_id,
    snapshot_date,
    lake_batch,
    {{ zero_if_covered(over_windows(['emotion_n_events']), 'is_covered') }},
    {% for column in means -%}
    {{ column }},
    {% endfor -%}
    {% for days in windows() -%}
    {{ ratio('n_negative_' ~ days ~ 'd', 'emotion_n_events_' ~ days ~ 'd') }} as emotion_negative_{{ days }}d_share,
    {{ ratio('n_night_' ~ days ~ 'd', 'emotion_n_events_' ~ days ~ 'd') }} as emotion_night_{{ days }}d_share,
    {% endfor -%}
    {{ zero_if_covered(['emotion_negative_streak_90d'], 'is_covered') }},
    emotion_recency_90d_days,
    case when is_covered then emotion_consent_90d_share end as emotion_consent_90d_share
from joined
{% endmacro %}
