{#- The days that this run builds for all customers, oldest first: the newest snapshot, and those since the setting
    snapshot_from where several are built at once (a backfill). -#}
{% macro days_to_build() %}
    {%- set newest = newest_snapshot() if execute and target.name != 'lint' else modules.datetime.date(2000, 1, 1) -%}
    {%- set asked = run_setting('snapshot_from') if execute else '' -%}
    {%- set first = modules.datetime.date.fromisoformat(asked | string) if asked else newest -%}
    {%- if first > newest -%}
        {{ exceptions.raise_compiler_error(
            "snapshot_from is " ~ first ~ ", which lies after the last day to build, " ~ newest ~ ": swap them"
        ) }}
    {%- endif -%}
    {%- set days = [] -%}
    {%- for number in range((newest - first).days + 1) -%}
        {%- do days.append(first + modules.datetime.timedelta(days=number)) -%}
    {%- endfor -%}
    {{ return(days) }}
{% endmacro %}
