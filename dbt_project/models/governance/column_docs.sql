{#- What the yml says of every table and column that is published, so that readers need the file alone. -#}
{%- set described = [] %}
{%- if execute %}
    {%- for node in graph.nodes.values() | sort(attribute='unique_id')
        if node.resource_type == 'model' and node.package_name == 'clientele'
        and (node.path.startswith('marts') or node.path.startswith('governance')) %}
        {%- for column in node.columns.values() %}
            {%- do described.append((node.path.split('/')[0], node, column)) %}
        {%- endfor %}
    {%- endfor %}
{%- endif %}
{%- for schema, node, column in described %}
select
    '{{ schema }}' as schema_name,
    '{{ node.name }}' as table_name,
    '{{ column.name }}' as column_name,
    '{{ column.data_type }}' as data_type,
    '{{ column.description | replace("'", "''") | trim }}' as description,
    '{{ node.description | replace("'", "''") | trim }}' as table_description
{{ 'union all' if not loop.last }}
{%- else %}
select cast(null as varchar) as schema_name
{%- endfor %}
