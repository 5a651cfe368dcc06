{#- The snapshots a model has still to build: the newest, and those that int_core__snapshots holds and the
    model lacks or built from an older state of the lake. A list of dates, oldest first. -#}
{% macro snapshots_to_build() %}
    {#- Named before any condition, so that dbt sees the dependency. -#}
    {%- set snapshots = ref('int_core__snapshots') -%}
    {%- if not execute or target.name == 'lint' -%}
        {{ return([modules.datetime.date(2000, 1, 1)]) }}
    {%- endif -%}
    {%- set planned = run_query(
        "select snapshot_date, lake_batch, is_current from " ~ snapshots ~ " order by snapshot_date"
    ).rows -%}
    {%- set built = {} -%}
    {%- if is_incremental() -%}
        {%- for row in run_query("select snapshot_date, max(lake_batch) from " ~ this ~ " group by snapshot_date").rows -%}
            {%- do built.update({row[0]: row[1]}) -%}
        {%- endfor -%}
    {%- endif -%}
    {#- A date without a row was built all the same, if the model has seen that state of the lake: the source held nothing. -#}
    {%- set seen = built.values() | max if built else -1 -%}
    {%- set dates = [] -%}
    {%- for row in planned -%}
        {%- if row[2] or built.get(row[0], seen) < row[1] -%}
            {%- do dates.append(row[0]) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(dates) }}
{% endmacro %}
