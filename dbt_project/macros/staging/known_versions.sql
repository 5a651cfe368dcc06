{#- Every landed version of a row with the time it was known: known_from <= t < known_to.
    A version takes over when it is visible itself: loaded, and its own `clock` past (none where that is a plan). So
    known_to is the first moment at which any later version of the key took over. -#}
{% macro known_versions(landed, key, clock=none) %}
    {%- set taken_over_at = 'greatest(loaded_at, cast(' ~ clock ~ ' as timestamp) + ' ~ load_grace() ~ ')' if clock else 'loaded_at' %}
    {%- if has_corrections(landed) %}
    select
        landed.*,
        landed.loaded_at as known_from,
        corrections.known_to,
        corrections.known_to_batch
    from {{ landed }} as landed
    left join (
        select
            {{ key | join(', ') }},
            supersedes_loaded_at,
            min({{ taken_over_at }}) over later_versions as known_to,
            max(batch) over later_versions as known_to_batch
        from {{ landed }}
        where supersedes_loaded_at is not null and batch <= {{ lake_batch() }}
        window later_versions as (
            partition by {{ key | join(', ') }}
            order by loaded_at
            rows between current row and unbounded following
        )
    ) as corrections
        on
            landed.loaded_at = corrections.supersedes_loaded_at
            {% for column in key -%}
            and landed.{{ column }} = corrections.{{ column }}
            {% endfor %}
    where landed.batch <= {{ lake_batch() }}
    {%- else %}
    select
        *,
        loaded_at as known_from,
        cast(null as timestamp) as known_to,
        cast(null as bigint) as known_to_batch
    from {{ landed }}
    where batch <= {{ lake_batch() }}
    {%- endif %}
{% endmacro %}
