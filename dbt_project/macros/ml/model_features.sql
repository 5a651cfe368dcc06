{#- The columns of customer_features that a model may learn from: those of all groups whose legal class is not among
    `without`. Protected attributes never are. -#}
{% macro model_features(without=['protected']) %}
    {%- set names = [] -%}
    {%- for group, columns in feature_groups().items() -%}
        {%- for name in columns -%}
            {%- set meta = graph.nodes['model.clientele.' ~ group].columns[name].config.meta -%}
            {%- if meta.legal_class not in without -%}
                {%- do names.append(name) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(names) }}
{% endmacro %}
