{#- An aggregate: the texts of a column in the order of another one, as one text with a separator between them. -#}
{% macro joined(text, by, separator) -%}
    {{ return(adapter.dispatch('joined', 'clientele')(text, by, separator)) }}
{%- endmacro %}

{% macro default__joined(text, by, separator) -%}
    string_agg({{ text }}, '{{ separator }}' order by {{ by }})
{%- endmacro %}

{% macro spark__joined(text, by, separator) -%}
    array_join({{ collected(text, by) }}, '{{ separator }}')
{%- endmacro %}
