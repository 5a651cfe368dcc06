{#- DuckDB's way of replacing the days that a run was asked for, those of which the model has no rows any more too: what a
    load that was taken back or a champion that is passed over had said of them goes. dbt asks for this macro by name. -#}
{% macro get_incremental_replace_asked_days_sql(arg_dict) -%}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) %}
    delete from {{ arg_dict['target_relation'] }}
    where snapshot_date in (select asked.snapshot_date from {{ asked_snapshots() }} as asked where asked.is_asked);

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
{%- endmacro %}

{#- The same on Spark, as a hook before the model: insert_overwrite leaves the partitions that it has no rows for. -#}
{% macro empty_asked_days() -%}
    {{ return(adapter.dispatch('empty_asked_days')()) }}
{%- endmacro %}

{% macro default__empty_asked_days() -%}{%- endmacro %}

{% macro spark__empty_asked_days() -%}
    {%- if is_incremental() -%}
    {%- set asked = run_query("select snapshot_date from " ~ asked_snapshots() ~ " where is_asked").rows -%}
    alter table {{ this }} drop if exists
    {%- for row in asked %} partition (snapshot_date = date'{{ row[0] }}'){{ ',' if not loop.last }}{% endfor -%}
    {%- endif -%}
{%- endmacro %}

{#- The table that says which days were asked for. Not by ref(): all that is replaced in this way depends on it through
    its inputs, and a strategy cannot name what the model does not. -#}
{% macro asked_snapshots() -%}
    {{ return(graph.nodes['model.clientele.int_core__snapshots'].relation_name) }}
{%- endmacro %}
