{#- Names what the features mean: it changes with the SQL of a feature group or of a model it reads, with a var, and
    with a macro, whose code `clientele run` hands over as the var macros_hash. -#}
{% macro feature_version() %}
    {%- if not execute -%}
        {{ return('') }}
    {%- endif -%}
    {%- set parts = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type in ('model', 'seed') -%}
        {%- if node.path.startswith('features/') or node.path.startswith('intermediate/') or node.path.startswith('staging/')
            or node.name in ('engagement_weights', 'consent_policy', 'emotion_labels') -%}
            {%- do parts.append(node.unique_id ~ node.checksum.checksum) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do parts.append(var('macros_hash')) -%}
    {%- for name in [
        'load_grace_hours', 'reporting_currency', 'fx_rate_max_age_days', 'training_customers', 'jurisdiction',
        'classify_free_text', 'emotion_negative_below', 'emotion_night_from_hour', 'emotion_night_to_hour',
        'credit_materiality_share', 'credit_default_days_past_due',
    ] -%}
        {%- do parts.append(name ~ var(name)) -%}
    {%- endfor -%}
    {{ return(local_md5(parts | sort | join(';'))[:12]) }}
{% endmacro %}
