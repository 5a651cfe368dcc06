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
{#- A linter would read 300,000 characters of the same. -#}
{%- set described = described[:2] if target.name == 'lint' else described %}
-- One list: hundreds of selects in a union are deeper than Spark's stack.
select
    schema_name,
    table_name,
    column_name,
    data_type,
    description,
    table_description,
    table_definition
from (
    values
    {%- for schema, node, column in described %}
    (
        '{{ schema }}',
        '{{ node.name }}',
        '{{ column.name }}',
        '{{ column.data_type }}',
        '{{ column.description | replace("'", "''") | trim }}',
        '{{ node.description | replace("'", "''") | trim }}',
        '{{ node.config.meta.get("definition", "") | replace("'", "''") | trim }}'
    ){{ ',' if not loop.last }}
    {%- else %}
    ('', '', '', '', '', '', '')
    {%- endfor %}
) as described (schema_name, table_name, column_name, data_type, description, table_description, table_definition)
