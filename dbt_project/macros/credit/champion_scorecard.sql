{#- The scorecard that scores, read from ml_credit__champion when the model runs, or none where nothing was promoted:
    {characteristics, base_points, factor, pd_offset}, the characteristics as {name, bins} in the order of the alphabet. -#}
{% macro champion_scorecard() %}
    {#- Named before any condition, so that dbt sees the dependency. -#}
    {%- set champion = ref('ml_credit__champion') -%}
    {%- if not execute or target.name == 'lint' -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set champions = run_query("select scorecard_json from " ~ champion).rows -%}
    {%- if not champions -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set rows = fromjson(champions[0][0]) -%}
    {%- set characteristics = [] -%}
    {%- for name, bins in rows | groupby('characteristic') -%}
        {%- do characteristics.append({'name': name, 'bins': bins}) -%}
    {%- endfor -%}
    {{ return({
        'characteristics': characteristics,
        'base_points': rows[0].base_points, 'factor': rows[0].factor, 'pd_offset': rows[0].pd_offset,
    }) }}
{% endmacro %}
