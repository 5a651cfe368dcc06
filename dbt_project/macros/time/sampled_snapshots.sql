{#- Those of the snapshots to build that hold a sample of the customers only. -#}
{% macro sampled_snapshots(dates) %}
    {#- Named before any condition, so that dbt sees the dependency. -#}
    {%- set snapshots = ref('int_core__snapshots') -%}
    {%- if not execute or target.name == 'lint' or dates | length < 2 -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set sampled = run_query("select snapshot_date from " ~ snapshots ~ " where not is_full").columns[0].values() -%}
    {{ return(dates | select('in', sampled) | list) }}
{% endmacro %}
