{#- Whether a correction of an entity has landed in the batches that this run reads. Where none has, nothing needs to be
    looked up; a ledger that does not say counts as yes. -#}
{% macro has_corrections(landed) %}
    {%- set ledger = source('lake', 'landings') -%}
    {%- if not execute or target.name == 'lint' -%}
        {{ return(true) }}
    {%- endif -%}
    {{ return(run_query(
        "select count(*) from " ~ ledger ~ " where entity = '" ~ landed.identifier ~ "'"
        ~ " and batch <= " ~ lake_batch() ~ " and coalesce(rows_corrected, 1) > 0"
    ).rows[0][0] > 0) }}
{% endmacro %}
