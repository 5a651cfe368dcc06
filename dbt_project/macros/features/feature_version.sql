{#- Names what the features mean: it changes with the SQL of a feature group, of a model it reads, of a macro, or a var. -#}
{% macro feature_version() %}
    {%- if not execute -%}
        {{ return('') }}
    {%- endif -%}
    {%- set parts = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type in ('model', 'seed') -%}
        {%- if node.path.startswith('features/') or node.path.startswith('intermediate/') or node.path.startswith('staging/')
            or node.name == 'engagement_weights' -%}
            {%- do parts.append(node.unique_id ~ node.checksum.checksum) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for id, macro in (graph.macros | default({})).items() if id.startswith('macro.clientele.') -%}
        {%- do parts.append(id ~ macro.macro_sql) -%}
    {%- endfor -%}
    {%- for name in ['load_grace_hours', 'reporting_currency', 'fx_rate_max_age_days', 'training_customers', 'order_channels'] -%}
        {%- do parts.append(name ~ var(name)) -%}
    {%- endfor -%}
    {{ return(local_md5(parts | sort | join(';'))[:12]) }}
{% endmacro %}
