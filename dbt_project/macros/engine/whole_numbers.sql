{#- A constant that holds several whole numbers by name, {name: number}: what one CASE can give at once. -#}
{% macro whole_numbers(numbers) -%}
    {{ return(adapter.dispatch('whole_numbers', 'clientele')(numbers)) }}
{%- endmacro %}

{% macro default__whole_numbers(numbers) -%}
    { {%- for name, number in numbers.items() %}{{ name }}: cast({{ number }} as bigint){{ ', ' if not loop.last }}{% endfor -%} }
{%- endmacro %}

{% macro spark__whole_numbers(numbers) -%}
    named_struct(
        {%- for name, number in numbers.items() %}'{{ name }}', cast({{ number }} as bigint){{ ', ' if not loop.last }}{% endfor -%}
    )
{%- endmacro %}
