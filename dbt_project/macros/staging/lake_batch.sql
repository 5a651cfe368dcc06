{#- The last batch of the lake this run reads: pinned by the var, else all that has landed. -#}
{% macro lake_batch() %}
    {%- set ledger = source('lake', 'landings') -%}
    {%- if var('lake_batch') -%}
        {{ return(var('lake_batch') | int) }}
    {%- endif -%}
    {%- if not execute or target.name == 'lint' -%}
        {{ return(0) }}
    {%- endif -%}
    {{ return(run_query("select coalesce(max(batch), 0) from " ~ ledger).rows[0][0] | int) }}
{% endmacro %}
