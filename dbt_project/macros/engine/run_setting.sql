{#- What one run is told and the next is not: the environment variable CLIENTELE_<NAME>, else the var. Through the
    environment, since dbt parses the whole project anew whenever a var changes. Ask only where `execute` holds, so that
    nothing parsed depends on it. -#}
{% macro run_setting(name) -%}
    {{ return(env_var('CLIENTELE_' ~ name | upper, '') or var(name)) }}
{%- endmacro %}
