{#- An aggregate: the values of a column as a list, in the order of another one. Lists that are collected by the same
    column go together, element by element, where it has no value twice. -#}
{% macro collected(value, by) -%}
    {{ return(adapter.dispatch('collected', 'clientele')(value, by)) }}
{%- endmacro %}

{% macro default__collected(value, by) -%}
    array_agg({{ value }} order by {{ by }})
{%- endmacro %}

{% macro spark__collected(value, by) -%}
    transform(array_sort(collect_list(struct({{ by }} as place, {{ value }} as value))), entry -> entry.value)
{%- endmacro %}
