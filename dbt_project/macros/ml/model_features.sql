{#- The columns of customer_features that a model of a purpose may learn from: credit reads what is financial, every other
    purpose what is not protected. A group may be for some purposes alone (meta `purposes`). -#}
{% macro model_features(purpose='customer_insight') %}
    {%- set names = [] -%}
    {%- for group, columns in feature_groups().items() if columns -%}
        {%- set node = graph.nodes['model.clientele.' ~ group] -%}
        {%- if purpose in (node.config.meta.purposes or [purpose]) -%}
            {%- for name in columns -%}
                {%- set legal_class = node.columns[name].config.meta.legal_class -%}
                {%- if legal_class == 'financial' or (purpose != 'credit' and legal_class != 'protected') -%}
                    {%- do names.append(name) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(names) }}
{% endmacro %}
