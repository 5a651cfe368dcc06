-- Fails for every column that a table for models holds and its purpose may not read: it is no feature, or of a class that
-- the seed consent_policy does not allow, or kept for other purposes. `besides` are the columns that are no features
-- (keys, labels); columns of `shadow` are let through, as a shadow model is measured and never put to use.
-- Asks the table itself, so that it holds whichever way a column came in; a fit that reads the table waits for it.
{% test columns_allowed_by_policy(model, purpose, besides=[], shadow=none) %}
{%- set classes, of_shadow = {}, [] -%}
{%- if execute -%}
    {%- for group, columns in feature_groups().items() -%}
        {%- set node = graph.nodes['model.clientele.' ~ group] -%}
        {%- for name in columns if purpose in node.config.meta.get('purposes', [purpose]) -%}
            {%- do classes.update({name: node.columns[name].config.meta.legal_class}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if shadow -%}
        {%- do of_shadow.extend(graph.nodes['model.clientele.' ~ shadow].columns.keys()) -%}
    {%- endif -%}
{%- endif %}
with columns_held as (
    {%- for column in (adapter.get_columns_in_relation(model) if execute and target.name != 'lint' else []) %}
    select '{{ column.name }}' as column_name, '{{ classes.get(column.name, 'no feature of this purpose') }}' as legal_class
    union all
    {%- endfor %}
    select cast(null as {{ dbt.type_string() }}) as column_name, cast(null as {{ dbt.type_string() }}) as legal_class
)

select
    columns_held.column_name,
    columns_held.legal_class
from columns_held
left join {{ ref('consent_policy') }} as policy
    on
        columns_held.legal_class = policy.legal_class
        and policy.jurisdiction = '{{ var("jurisdiction") }}'
        and policy.purpose = '{{ purpose }}'
        and policy.verdict = 'allow'
        and policy.legal_class <> 'protected'
        and not (policy.purpose = 'credit' and policy.legal_class like 'emotion%')
where
    columns_held.column_name is not null
    and policy.legal_class is null
    and columns_held.column_name not in ('{{ (besides + of_shadow) | join("', '") }}')
{% endtest %}
