{#- After a table is built, its columns and types as a line of JSON, where the process that started dbt asks for it:
    dagster-dbt keeps such a line with the materialization. dbt alone has the build open meanwhile. -#}
{% macro tell_columns() -%}
    {%- if execute and env_var('CLIENTELE_TELL_COLUMNS', '') -%}
        {%- set columns = {} -%}
        {%- for column in run_query('describe ' ~ this) -%}
            {%- do columns.update({column[0]: {'data_type': column[1] | lower}}) -%}
        {%- endfor -%}
        {%- do log(tojson({'columns': columns}), info=true) -%}
    {%- endif -%}
{%- endmacro %}
