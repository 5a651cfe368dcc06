{#- Whether a version was known at a snapshot: it had happened, it had landed, and nothing had replaced it.
    `rows` is the alias of the versions, `snapshot` a date expression, `clock` the column of the event's time
    (none for reference data, which is known as soon as it has landed). -#}
{% macro known_at(snapshot, clock=none, rows=none) -%}
    {%- set at = rows ~ '.' if rows else '' -%}
    {% if clock %}{{ at }}{{ clock }} < {{ snapshot }} and {% endif -%}
    {{ at }}known_from < {{ snapshot }} + {{ load_grace() }}
    and ({{ at }}known_to is null or {{ at }}known_to >= {{ snapshot }} + {{ load_grace() }})
{%- endmacro %}
