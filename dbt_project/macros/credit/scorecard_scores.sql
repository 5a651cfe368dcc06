{#- The select that scores a relation by a scorecard, one row a customer and snapshot: `score`; `bin_words`, a hexadecimal
    digit a characteristic, fifteen a number (see scorecard_code); and `reason_number_1` to `reason_number_4`, the
    bins that cost this customer most points as credit_scorecard numbers them, null where fewer did. Empty and typed without a
    scorecard.

    It is written for speed (bench/credit.md): one CASE a characteristic, whose results add up to all that is stored. Each
    bin that costs points has a bit of its own, the lower the more it costs: the sum of bits is the set of bins that cost
    this customer points, and its four lowest bits are the reasons. Nothing is sorted, and no text is made. -#}
{% macro scorecard_scores(relation, scorecard) -%}
    {%- set characteristics = scorecard.characteristics if scorecard else [] -%}
    {%- set n = characteristics | length -%}
    {%- set losing = losing_bins(characteristics) -%}
    {%- set words = range((losing | length + 62) // 63) -%}
    {%- set bin_words = [] -%}
    {%- for word in range((n + 14) // 15) -%}
        {%- do bin_words.append('bins_' ~ word) -%}
    {%- endfor -%}
with coded as (
    select
        {% for characteristic in characteristics -%}
        {{ scorecard_code(characteristic, loop.index0, losing) }} as code_{{ loop.index0 }},
        {% endfor -%}
        customer_id,
        snapshot_date
    from {{ relation }}
    {% if not scorecard %}where false{% endif %}
),

ranked_0 as (
    select
        {% for name in bin_words -%}
        {% for place in range(loop.index0 * 15, [n, loop.index * 15] | min) -%}
        code_{{ place }}.bin{{ ' + ' if not loop.last }}
        {%- endfor %} as {{ name }},
        {% endfor -%}
        {% for word in words -%}
        {% for place in range(n) -%}
        code_{{ place }}.lost_{{ word }}{{ ' + ' if not loop.last }}
        {%- endfor %} as lost_{{ word }}_1,
        {% endfor -%}
        {% for place in range(n) -%}
        code_{{ place }}.points +
        {% endfor -%}
        {{ scorecard.base_points if scorecard else 0 }} as score,
        customer_id,
        snapshot_date
    from coded
)
{#- A reason is the lowest bit of the first word that has one; the next is taken from what is left without it. -#}
{%- for rank in range(1, 5) %},

ranked_{{ rank }} as (
    select
        *,
        {% for word in words -%}
        {%- set lost = 'lost_' ~ word ~ '_' ~ rank -%}
        {% if word %}case when {% for before in range(word) %}lost_{{ before }}_{{ rank }} = 0{{ ' and ' if not loop.last }}{% endfor %} then {% endif -%}
        {{ lost }} & ({{ lost }} - 1)
        {%- if word %} else {{ lost }} end{% endif %} as lost_{{ word }}_{{ rank + 1 }},
        {% endfor -%}
        {% if words -%}
        case
            {%- for word in words -%}
            {%- set lost = 'lost_' ~ word ~ '_' ~ rank %}
            when {{ lost }} <> 0 then cast(bit_count(({{ lost }} & -{{ lost }}) - 1) as integer) + {{ 63 * word + 1 }}
            {%- endfor %}
        end
        {%- else -%}
        cast(null as integer)
        {%- endif %} as reason_number_{{ rank }}
    from ranked_{{ rank - 1 }}
)
{%- endfor %}

select
    customer_id,
    snapshot_date,
    cast(score as integer) as score,
    {{ list_of(bin_words or ['cast(0 as bigint)']) }} as bin_words,
    {% for rank in range(1, 5) -%}
    reason_number_{{ rank }}{{ ',' if not loop.last }}
    {% endfor -%}
from ranked_4
{%- endmacro %}
