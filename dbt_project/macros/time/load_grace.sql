{#- How long after midnight a row may still land and count for the day. -#}
{% macro load_grace() -%}
    interval '{{ var("load_grace_hours") }}' hour
{%- endmacro %}
