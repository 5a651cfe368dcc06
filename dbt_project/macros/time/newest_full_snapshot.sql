{#- The newest snapshot that was built for all customers: the day that the marts show. -#}
{% macro newest_full_snapshot() %}
    {#- Named before any condition, so that dbt sees the dependency. -#}
    {%- set snapshots = ref('int_core__snapshots') -%}
    {%- if not execute or target.name == 'lint' -%}
        {{ return(modules.datetime.date(2000, 1, 1)) }}
    {%- endif -%}
    {{ return(run_query("select max(snapshot_date) from " ~ snapshots ~ " where is_full").rows[0][0]) }}
{% endmacro %}
