{#- A numeric var, or an error that names its valid range. -#}
{% macro checked_var(name, lowest, highest) %}
    {%- set value = var(name) -%}
    {%- if not lowest <= value | float <= highest -%}
        {{ exceptions.raise_compiler_error(
            "the var " ~ name ~ " is " ~ value ~ ": choose " ~ lowest ~ " to " ~ highest ~ " (vars.yml of the warehouse)"
        ) }}
    {%- endif -%}
    {{ return(value) }}
{% endmacro %}
