{#- On Spark an incremental table is partitioned by its unique_key: then insert_overwrite replaces what DuckDB's
    delete+insert replaces. dbt-spark asks for this macro wherever it writes a table. -#}
{% macro spark__partition_cols(label, required=false) -%}
    {%- if config.get('materialized') == 'incremental' -%}
        {{ label }} ({{ config.require('unique_key') }})
    {%- endif -%}
{%- endmacro %}
