{#- Makes the entities of the lake readable under the names that source() gives; before a build, after each load:
    dbt run-operation register_sources --target spark. DuckDB needs none of it, it reads the files by name. -#}
{% macro register_sources() -%}
    {{ return(adapter.dispatch('register_sources')()) }}
{%- endmacro %}

{% macro default__register_sources() -%}
{%- endmacro %}

{% macro spark__register_sources() -%}
    {%- set lake = env_var('CLIENTELE_HOME', 'warehouse') ~ '/lake/raw' -%}
    {%- if not lake.startswith('/') and '://' not in lake -%}
        {{ exceptions.raise_compiler_error(
            "Spark needs an absolute CLIENTELE_HOME, and it is '" ~ env_var('CLIENTELE_HOME', 'warehouse') ~ "'"
        ) }}
    {%- endif -%}
    {%- set technical = {'loaded_at': 'timestamp', 'supersedes_loaded_at': 'timestamp'} -%}
    {#- Records are read on DuckDB alone: a run on Spark is recorded by whatever started it. -#}
    {%- for source in graph.sources.values() if source.source_name != 'records' -%}
        {%- set columns = [] -%}
        {%- for column in source.columns.values() -%}
            {%- do columns.append(column.name ~ ' ' ~ column.data_type | replace('varchar', 'string')) -%}
        {%- endfor -%}
        {%- if source.source_name != 'lake' -%}
            {%- for name, type in technical.items() -%}
                {%- do columns.append(name ~ ' ' ~ type) -%}
            {%- endfor -%}
        {%- endif -%}
        {%- do run_query('create schema if not exists ' ~ source.schema) -%}
        {%- do run_query('drop table if exists ' ~ source.schema ~ '.' ~ source.identifier) -%}
        {%- do run_query(
            'create table ' ~ source.schema ~ '.' ~ source.identifier ~ ' (' ~ columns | join(', ') ~ ', batch bigint)'
            ~ ' using parquet options (path "' ~ lake ~ '/*/' ~ source.identifier ~ '.parquet", basePath "' ~ lake ~ '")'
            ~ ' partitioned by (batch)'
        ) -%}
    {%- endfor -%}
{%- endmacro %}
