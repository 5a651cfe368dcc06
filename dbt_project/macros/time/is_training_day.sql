{#- Whether models learn from a snapshot: from the firsts of months alone. Every daily snapshot is kept as well; were they all
    learnt from, near-copies of the same customers would leave room for few others. -#}
{% macro is_training_day(date) -%}
    extract(day from {{ date }}) = 1
{%- endmacro %}
