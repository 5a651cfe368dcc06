{#- Month firsts before the newest snapshot, no earlier than the month after the first event. -#}
{% macro training_snapshots(newest) %}
    {%- set ledger = source('lake', 'landings') -%}
    {%- set first = run_query(
        "select min(min_clock_at) from " ~ ledger
        ~ " where entity = 'orders' and batch <= " ~ lake_batch()
    ).rows[0][0] -%}
    {%- set months = [] -%}
    {%- if first is not none -%}
        {%- for back in range(1, var('training_months') + 1) -%}
            {%- set months_since_zero = newest.year * 12 + newest.month - 1 - back + (1 if newest.day > 1 else 0) -%}
            {%- set month = modules.datetime.date(months_since_zero // 12, months_since_zero % 12 + 1, 1) -%}
            {%- if month > first.date() -%}
                {%- do months.append(month) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(months) }}
{% endmacro %}
