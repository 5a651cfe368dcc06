{#- One SELECT per feature, from what the yml of the feature groups says. -#}
{%- set types = {} %}
{%- if execute and target.name != 'lint' %}
    {%- for column in adapter.get_columns_in_relation(ref('customer_features')) %}
        {%- do types.update({column.name: type_name(column)}) %}
    {%- endfor %}
{%- endif %}
-- depends_on: {{ ref('customer_features') }}
{% for group, columns in feature_groups().items() %}
{%- set outer = loop %}
{%- for name in columns %}
{%- set column = graph.nodes['model.clientele.' ~ group].columns[name] %}
{%- set meta = column.config.meta %}
select
    '{{ name }}' as feature,
    '{{ group }}' as feature_group,
    '{{ types[name] }}' as data_type,
    '{{ meta.window }}' as feature_window,
    '{{ meta.legal_class }}' as legal_class,
    '{{ meta.null_policy | replace("'", "''") }}' as null_policy,
    '{{ column.description | replace("'", "''") }}' as description,
    '{{ feature_version() }}' as feature_version
{{ 'union all' if not (loop.last and outer.last) }}
{%- endfor %}
{%- else %}
select cast(null as varchar) as feature
{%- endfor %}
