{#- The objects of a JSON list as rows: select items for the fields, a list of {name, type}, of which the engine's
    unnesting makes one row each. -#}
{% macro json_rows(column, fields) -%}
    {{ return(adapter.dispatch('json_rows', 'clientele')(column, fields)) }}
{%- endmacro %}

{% macro default__json_rows(column, fields) -%}
    unnest(
        from_json({{ column }}, '[{ {%- for field in fields %}"{{ field.name }}": "{{ field.type }}"{{ ', ' if not loop.last }}{% endfor -%} }]'),
        recursive := true
    )
{%- endmacro %}

{% macro spark__json_rows(column, fields) -%}
    inline(from_json({{ column }}, 'array<struct<
        {%- for field in fields %}{{ field.name }}: {{ 'string' if field.type == 'varchar' else field.type }}{{ ', ' if not loop.last }}{% endfor -%}
    >>'))
{%- endmacro %}
