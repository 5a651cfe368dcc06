{#- The last batch of the lake this run reads: pinned by the setting, else all that has landed. -#}
{% macro lake_batch() %}
    {%- set ledger = source('lake', 'landings') -%}
    {%- if not execute or target.name == 'lint' -%}
        {{ return(0) }}
    {%- endif -%}
    {%- set pinned = run_setting('lake_batch') -%}
    {%- if pinned -%}
        {{ return(pinned | int) }}
    {%- endif -%}
    {{ return(run_query("select coalesce(max(batch), 0) from " ~ ledger).rows[0][0] | int) }}
{% endmacro %}
