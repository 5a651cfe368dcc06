{#- The rows of a scorecard_json, gathered by characteristic in the order in which they stand. -#}
{% macro scorecard_of(scorecard_json) %}
    {%- set characteristics = {} -%}
    {%- set rows = fromjson(scorecard_json) -%}
    {%- for row in rows -%}
        {%- if row.characteristic not in characteristics -%}
            {%- do characteristics.update({row.characteristic: []}) -%}
        {%- endif -%}
        {%- do characteristics[row.characteristic].append(row) -%}
    {%- endfor -%}
    {%- set found = [] -%}
    {%- for name, bins in characteristics.items() -%}
        {%- do found.append({'name': name, 'bins': bins}) -%}
    {%- endfor -%}
    {{ return({'characteristics': found, 'constants': rows[0]} if rows else none) }}
{% endmacro %}
