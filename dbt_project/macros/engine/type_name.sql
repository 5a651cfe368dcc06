{#- The type of a column of a relation, spelled as the contract spells it. -#}
{% macro type_name(column) -%}
    {{ return(adapter.dispatch('type_name')(column.data_type | lower)) }}
{%- endmacro %}

{% macro default__type_name(data_type) -%}
    {{ return('varchar' if data_type.startswith('character varying') else data_type) }}
{%- endmacro %}

{% macro spark__type_name(data_type) -%}
    {{ return({'string': 'varchar', 'int': 'integer', 'timestamp_ntz': 'timestamp'}.get(data_type, data_type)) }}
{%- endmacro %}
