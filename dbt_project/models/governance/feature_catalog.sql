{#- One SELECT per feature, from what the yml of the feature groups says; and who uses it, from what the champions say. -#}
{%- set types = {} %}
{%- if execute and target.name != 'lint' %}
    {%- for column in adapter.get_columns_in_relation(ref('customer_features')) %}
        {%- do types.update({column.name: type_name(column)}) %}
    {%- endfor %}
{%- endif %}
-- depends_on: {{ ref('customer_features') }}
with features as (
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
),

champions as (
    select
        model_name,
        features_json
    from {{ ref('model_registry') }}
    where is_champion
),

-- A list of names in JSON, each of them in quotes.
used as (
    select
        features.feature,
        {{ collected('champions.model_name', 'champions.model_name') }} as used_by
    from features
    inner join champions on contains(champions.features_json, '"' || features.feature || '"')
    group by features.feature
)

select
    features.feature,
    features.feature_group,
    features.data_type,
    features.feature_window,
    features.legal_class,
    features.null_policy,
    features.description,
    used.used_by,
    features.feature_version
from features
left join used on features.feature = used.feature
