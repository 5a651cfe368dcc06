{#- Every landed version of a row with the time it was known: known_from <= t < known_to. -#}
{% macro known_versions(landed, key) %}
    select
        landed.*,
        landed.loaded_at as known_from,
        superseded.known_to,
        superseded.known_to_batch
    from {{ landed }} as landed
    left join (
        select
            {% for column in key %}{{ column }}, {% endfor -%}
            supersedes_loaded_at,
            loaded_at as known_to,
            batch as known_to_batch
        from {{ landed }}
        where supersedes_loaded_at is not null and batch <= {{ lake_batch() }}
    ) as superseded
        on
            landed.loaded_at = superseded.supersedes_loaded_at
            {% for column in key -%}
            and landed.{{ column }} = superseded.{{ column }}
            {% endfor %}
    where landed.batch <= {{ lake_batch() }}
{% endmacro %}
