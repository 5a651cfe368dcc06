{#- The select that scores a relation by a scorecard, one row a customer and snapshot: `score`; `bins`, a hexadecimal digit
    a characteristic (see scorecard_code); and `reason_1` to `reason_4`, the characteristics that cost most points, each as
    (points lost + lost_offset) * 64 + 63 - place, also where none were lost. Empty and typed without a scorecard.

    It is written for speed (bench/credit.md): one CASE a characteristic, whose results add up to all that is stored, and
    the four largest by arithmetic, in place of a list that would have to be sorted for every customer. -#}
{% macro scorecard_scores(relation, scorecard) -%}
    {%- set characteristics = scorecard.characteristics if scorecard else [] -%}
    {%- set n = characteristics | length -%}
    {%- set words = ((n + 9) // 10) -%}
    {#- What the lowest bits add up to for a customer who loses no point anywhere. -#}
    {%- set at_reference = n * (lost_offset() * 64 + 63) - n * (n - 1) // 2 -%}
    {%- set reference = namespace(score=scorecard.base_points if scorecard else 0) -%}
    {%- for characteristic in characteristics -%}
        {%- set reference.score = reference.score + characteristic.bins[0].reference_points -%}
    {%- endfor -%}
with coded as (
    select
        {% for characteristic in characteristics -%}
        cast({{ scorecard_code(characteristic, loop.index0) }} as bigint) as code_{{ loop.index0 }},
        {% endfor -%}
        customer_id,
        snapshot_date
    from {{ relation }}
    {% if not scorecard %}where false{% endif %}
),

summed as (
    select
        customer_id,
        snapshot_date,
        {% for word in range(words) -%}
        {% for place in range(word * 10, [n, word * 10 + 10] | min) -%}
        code_{{ place }}{{ ' + ' if not loop.last }}
        {%- endfor %} as word_{{ word }},
        {% endfor -%}
        {% for place in range(n) -%}
        cast(code_{{ place }} & 1048575 as integer) as lost_{{ place }},
        {% endfor -%}
        0 as reason_0
    from coded
)
{%- for rank in range(1, 5) %},

ranked_{{ rank }} as (
    select
        *,
        greatest(
            0
            {%- for place in range(n) -%}
            , lost_{{ place }}{% if rank > 1 %} * cast(lost_{{ place }} < reason_{{ rank - 1 }} as integer){% endif %}
            {%- endfor -%}
        ) as reason_{{ rank }}
    from {{ 'ranked_' ~ (rank - 1) if rank > 1 else 'summed' }}
)
{%- endfor %}

select
    customer_id,
    snapshot_date,
    cast({{ reference.score }} - (
        {% for word in range(words) -%}
        (word_{{ word }} & 1048575) +
        {% endfor -%}
        0 - {{ at_reference }}
    ) / 64 as integer) as score,
    {% for word in range(words) -%}
    {#- A digit ahead of all keeps the text at its length. -#}
    substr(hex(word_{{ word }} + {{ 16 ** 15 }}), 2, {{ [10, n - word * 10] | min }}) ||
    {% endfor -%}
    '' as bins,
    {% for rank in range(1, 5) -%}
    reason_{{ rank }}{{ ',' if not loop.last }}
    {% endfor -%}
from ranked_4
{%- endmacro %}
