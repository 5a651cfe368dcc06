{#- The first day on which a row changed since this model was built last, or none to build all days.
    `sources` is a list of {relation, clock}; the model keeps `lake_batch`. -#}
{% macro first_changed_day(sources) %}
    {%- if not execute or target.name == 'lint' or not is_incremental() -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set last = run_query("select coalesce(max(lake_batch), -1) from " ~ this).rows[0][0] -%}
    {%- set days = [] -%}
    {%- for source in sources -%}
        {%- for changed in ["batch > " ~ last, "known_to_batch > " ~ last] -%}
            {%- do days.append(
                "select min(cast(" ~ source.clock ~ " as date)) as day from " ~ source.relation ~ " where " ~ changed
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set first = run_query("select min(day) from (" ~ days | join(' union all ') ~ ") as changes").rows[0][0] -%}
    {{ return(first or newest_snapshot()) }}
{% endmacro %}
