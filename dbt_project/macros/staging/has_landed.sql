{#- Whether any row of an entity has landed in the batches that this run reads. Where none has, what only serves its rows
    need not be looked up. -#}
{% macro has_landed(entity) %}
    {%- set ledger = source('lake', 'landings') -%}
    {%- if not execute or target.name == 'lint' -%}
        {{ return(true) }}
    {%- endif -%}
    {{ return(run_query(
        "select count(*) from " ~ ledger ~ " where entity = '" ~ entity ~ "'"
        ~ " and batch <= " ~ lake_batch() ~ " and rows_landed > 0"
    ).rows[0][0] > 0) }}
{% endmacro %}
