{#- The scorecard that scores, read from ml_credit__champion when the model runs: {characteristics, constants}, or none
    where nothing has been promoted. `characteristics` is a list of {name, bins} in the order in which scores keep their
    bins; `constants` are base_points, factor, pd_offset and the scale. -#}
{% macro champion_scorecard() %}
    {#- Named before any condition, so that dbt sees the dependency. -#}
    {%- set champion = ref('ml_credit__champion') -%}
    {%- if not execute or target.name == 'lint' -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set rows = run_query("select scorecard_json from " ~ champion).rows -%}
    {{ return(scorecard_of(rows[0][0]) if rows else none) }}
{% endmacro %}
