{#- The day to build, the last one where several are: the setting, else the first midnight at which everything in the lake is visible. -#}
{% macro newest_snapshot() %}
    {%- set ledger = source('lake', 'landings') -%}
    {%- set asked = run_setting('snapshot_date') -%}
    {%- if asked -%}
        {{ return(modules.datetime.date.fromisoformat(asked | string)) }}
    {%- endif -%}
    {%- set seen = run_query(
        "select max(max_clock_at), max(max_loaded_at) from " ~ ledger
        ~ " where batch <= " ~ lake_batch()
    ).rows[0] -%}
    {%- if seen[1] is none -%}
        {{ exceptions.raise_compiler_error(
            "the lake is empty, so there is no day to build: land data first (clientele load, or clientele demo)"
        ) }}
    {%- endif -%}
    {%- set day = modules.datetime.timedelta(days=1) -%}
    {%- set grace = modules.datetime.timedelta(hours=var('load_grace_hours')) -%}
    {%- set happened = (seen[0] or seen[1]).date() + day -%}
    {%- set known = (seen[1] - grace).date() + day -%}
    {{ return([happened, known] | max) }}
{% endmacro %}
