{%- set scorecard = champion_scorecard() %}
with scores as (
    select scores.*
    from {{ ref('ml_credit__scores') }} as scores
    inner join {{ ref('ml_run') }} as run on scores.snapshot_date = run.snapshot_date
),

-- What ml_credit__scores packs into a number: (points lost + offset) * 64 + 63 - place. Who lost none has no reason.
ranked as (
    {% for rank in range(1, 5) -%}
    select
        customer_id,
        snapshot_date,
        model_version,
        scored_at,
        bins,
        {{ rank }} as reason_rank,
        64 - reason_{{ rank }} % 64 as place,
        (reason_{{ rank }} - reason_{{ rank }} % 64) / 64 - {{ lost_offset() }} as points_lost
    from scores
    where reason_{{ rank }} >= {{ (lost_offset() + 1) * 64 }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

scorecard as (select * from {{ ref('credit_scorecard') }}),

texts as (select * from {{ ref('credit_reason_texts') }}),

features as (
    select * from {{ ref('ml_credit__inputs') }}
),

named as (
    select
        ranked.customer_id,
        ranked.snapshot_date,
        ranked.reason_rank,
        scorecard.characteristic,
        scorecard.bin,
        scorecard.label,
        scorecard.points,
        scorecard.reference_points,
        ranked.points_lost,
        ranked.model_version,
        ranked.scored_at,
        case
            when features.customer_id is null then cast(null as double)
            {%- for characteristic in scorecard.characteristics if scorecard %}
            when scorecard.characteristic = '{{ characteristic.name }}'
                then cast(features.{{ characteristic.name }} as double)
            {%- endfor %}
        end as value
    from ranked
    inner join scorecard
        on
            ranked.model_version = scorecard.model_version
            and ranked.place = scorecard.place
            and substr(ranked.bins, ranked.place, 1)
            = substr('F0123456789ABCDE', scorecard.bin + 3, 1)
    left join features on ranked.customer_id = features.customer_id and ranked.snapshot_date = features.snapshot_date
)

select
    named.customer_id,
    named.snapshot_date,
    cast(named.reason_rank as integer) as reason_rank,
    named.characteristic,
    cast(named.points_lost as integer) as points_lost,
    named.points,
    named.reference_points,
    named.bin,
    named.label,
    named.value,
    case
        when named.bin = -1 then texts.text_missing
        else replace(
            texts.text,
            '{value}',
            case texts.decimals
                when 0 then cast(cast(round(named.value * texts.multiplier) as bigint) as {{ dbt.type_string() }})
                else cast(cast(named.value * texts.multiplier as decimal(18, 1)) as {{ dbt.type_string() }})
            end
        )
    end as reason,
    named.model_version,
    named.scored_at
from named
inner join texts on named.characteristic = texts.characteristic
