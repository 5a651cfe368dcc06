{#- The legal classes that a purpose may read where the company is at home (var jurisdiction), by the seed consent_policy.
    What the seed does not list is denied. Whatever it says, so are protected attributes, and to credit what is felt: as in
    clientele/policy.py. -#}
{% macro allowed_classes(purpose) %}
    {#- Named before any condition, so that dbt sees the dependency. -#}
    {%- set policy = ref('consent_policy') -%}
    {%- if not execute -%}
        {{ return([]) }}
    {%- endif -%}
    {%- if target.name == 'lint' -%}
        {#- Without a warehouse the file itself is read: what is compiled there is what a build would compile. -#}
        {%- set seed = graph.nodes['seed.clientele.consent_policy'] -%}
        {%- set policy = "read_csv('" ~ seed.root_path ~ '/' ~ seed.original_file_path ~ "')" -%}
    {%- endif -%}
    {%- set listed = run_query(
        "select purpose, legal_class, verdict from " ~ policy
        ~ " where jurisdiction = '" ~ var('jurisdiction') ~ "' order by purpose, legal_class"
    ).rows -%}
    {%- set purposes = listed | map(attribute=0) | unique | list -%}
    {%- if purpose not in purposes -%}
        {{ exceptions.raise_compiler_error(
            "consent_policy.csv says nothing of the purpose '" ~ purpose ~ "' in '" ~ var('jurisdiction')
            ~ "' (var jurisdiction); it knows: " ~ purposes | join(', ')
        ) }}
    {%- endif -%}
    {%- set classes = [] -%}
    {%- for row in listed if row[0] == purpose and row[2] == 'allow' -%}
        {%- if row[1] != 'protected' and not (purpose == 'credit' and row[1].startswith('emotion')) -%}
            {%- do classes.append(row[1]) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(classes) }}
{% endmacro %}
