{#- The feature groups in the order of customer_features, each with the columns that its yml describes. -#}
{% macro feature_groups() %}
    {%- set keys = ['customer_id', 'snapshot_date', 'lake_batch'] -%}
    {%- set groups = {} -%}
    {%- for group in [
        'feat_profile', 'feat_orders', 'feat_categories', 'feat_returns', 'feat_sessions', 'feat_marketing',
        'feat_subscriptions', 'feat_usage', 'feat_support', 'feat_billing', 'feat_finance', 'feat_rfm',
        'feat_engagement', 'feat_emotion',
    ] -%}
        {%- set columns = [] -%}
        {%- if execute -%}
            {%- for column in graph.nodes['model.clientele.' ~ group].columns.values() if column.name not in keys -%}
                {%- do columns.append(column.name) -%}
            {%- endfor -%}
        {%- endif -%}
        {%- do groups.update({group: columns}) -%}
    {%- endfor -%}
    {{ return(groups) }}
{% endmacro %}
