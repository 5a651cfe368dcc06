{#- The windows of all features, in days, ascending. -#}
{% macro windows() %}
    {{ return([7, 30, 90]) }}
{% endmacro %}
