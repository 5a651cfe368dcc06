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
    {#- A model that is there and holds nothing is of a source that never landed. It does not tell which days it has seen,
        and without a bound would ask for every day there ever was: those that a failed run may have left out are the
        training months' and the last month's. -#}
    {%- set is_empty = is_incremental() and not built -%}
    {%- set newest = planned[-1][0] if planned else none -%}
    {%- set kept = training_snapshots(newest) if is_empty and planned else [] -%}
    {%- set dates = [] -%}
    {%- for row in planned -%}
        {%- set is_past = is_empty and row[0] not in kept and (newest - row[0]).days > 31 -%}
        {%- if row[2] or (built.get(row[0], seen) < row[1] and not is_past) -%}
            {%- do dates.append(row[0]) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(dates) }}
{% endmacro %}
