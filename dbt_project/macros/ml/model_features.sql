{#- The columns of customer_features that a model may learn from: those whose legal class the policy allows to its
    purpose, of the groups that are not kept for other purposes (`purposes` in the group's meta). -#}
{% macro model_features(purpose='customer_insight') %}
    {%- set allowed = allowed_classes(purpose) -%}
    {%- set names = [] -%}
    {%- for group, columns in feature_groups().items() -%}
        {%- set node = graph.nodes['model.clientele.' ~ group] if columns else {} -%}
        {%- if columns and purpose in node.config.meta.get('purposes', [purpose]) -%}
            {%- for name in columns if node.columns[name].config.meta.legal_class in allowed -%}
                {%- do names.append(name) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(names) }}
{% endmacro %}
