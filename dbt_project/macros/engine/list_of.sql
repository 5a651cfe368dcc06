{#- A list of so many expressions of one type. -#}
{% macro list_of(expressions) -%}
    {{ return(adapter.dispatch('list_of', 'clientele')(expressions)) }}
{%- endmacro %}

{% macro default__list_of(expressions) -%}
    [{{ expressions | join(', ') }}]
{%- endmacro %}

{% macro spark__list_of(expressions) -%}
    array({{ expressions | join(', ') }})
{%- endmacro %}
