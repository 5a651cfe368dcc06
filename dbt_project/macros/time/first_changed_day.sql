{#- The first day on which a row changed since this model was built last, or none to build all days.
    `sources` is a list of {relation, clock}; the model keeps `lake_batch`. `looked_up` names the entities that the
    rows take values from: what lands of them later changes the rows known since. -#}
{% macro first_changed_day(sources, looked_up=[]) %}
    {%- set ledger = source('lake', 'landings') -%}
    {%- if not execute or target.name == 'lint' or not is_incremental() -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set last = run_query("select coalesce(max(lake_batch), -1) from " ~ this).rows[0][0] -%}
    {%- set changes = ["batch > " ~ last, "known_to_batch > " ~ last] -%}
    {%- if looked_up -%}
        {%- set since = run_query(
            "select min(min_loaded_at) from " ~ ledger ~ " where entity in ('" ~ looked_up | join("', '") ~ "')"
            ~ " and batch > " ~ last ~ " and batch <= " ~ lake_batch()
        ).rows[0][0] -%}
        {%- if since is not none -%}
            {%- do changes.append("known_from >= cast('" ~ since ~ "' as timestamp)") -%}
        {%- endif -%}
    {%- endif -%}
    {%- set days = [] -%}
    {%- for source in sources -%}
        {%- for changed in changes -%}
            {%- do days.append(
                "select min(cast(" ~ source.clock ~ " as date)) as day from " ~ source.relation ~ " where " ~ changed
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set first = run_query("select min(day) from (" ~ days | join(' union all ') ~ ") as changes").rows[0][0] -%}
    {{ return(first or newest_snapshot()) }}
{% endmacro %}
