{#- All that was known of each customer since the beginning, one row per customer (and `by`) per snapshot.
    `measures` is a list of {name, aggregate, of} whose aggregates merge with themselves: sum, min, max.

    From scratch it reads all history. For one day more it merges what the day before knew (`previous`) with the rows
    that became visible since; customers of whom a row was corrected or withdrawn are counted anew. `looked_up` names the
    entities that the rows take values from: if their past was loaded later, it starts from scratch. -#}
{% macro lifetime(relation, clock, measures, by=[], looked_up=[]) -%}
    {%- set keys = (['customer_id'] + by) | join(', ') -%}
    {%- set dates = snapshots_to_build() -%}
    {%- set previous = previous_lifetime(dates, looked_up) -%}
    {%- if not previous -%}
with known as ({{ known_rows(relation, clock) }})

select
    {{ keys }},
    {% if dates | length == 1 %}cast('{{ dates[0] }}' as date) as {% endif %}snapshot_date,
    cast({{ lake_batch() }} as bigint) as lake_batch,
    {{ measured(measures) }}
from known
group by {{ keys }}{{ ', snapshot_date' if dates | length > 1 }}
    {%- else -%}
        {%- set now, before = day(dates[0]), day(previous.date) -%}
with withdrawn as (
    select distinct customer_id from {{ relation }}
    where
        known_to < {{ now }} + {{ load_grace() }}
        and (known_to >= {{ before }} + {{ load_grace() }} or known_to_batch > {{ previous.lake_batch }})
),

appeared as (
    select * from {{ relation }}
    where
        batch <= {{ previous.lake_batch }} and known_from >= {{ before }} and {{ known_at(now, clock) }}
        and not ({{ clock }} < {{ before }} and known_from < {{ before }} + {{ load_grace() }})
    union all
    select * from {{ relation }}
    where batch > {{ previous.lake_batch }} and {{ known_at(now, clock) }}
),

parts as (
    select
        {{ keys }},
        {% for measure in measures %}{{ measure.name }}{{ ', ' if not loop.last }}{% endfor %}
    from {{ this }}
    where
        snapshot_date = cast('{{ previous.date }}' as date)
        and customer_id not in (select withdrawn.customer_id from withdrawn)
    union all
    select
        {{ keys }},
        {{ measured(measures) }}
    from appeared
    where customer_id not in (select withdrawn.customer_id from withdrawn)
    group by {{ keys }}
    union all
    select
        {{ keys }},
        {{ measured(measures) }}
    from {{ relation }}
    where {{ known_at(now, clock) }} and customer_id in (select withdrawn.customer_id from withdrawn)
    group by {{ keys }}
)

select
    {{ keys }},
    cast('{{ dates[0] }}' as date) as snapshot_date,
    cast({{ lake_batch() }} as bigint) as lake_batch,
    {% for measure in measures -%}
    cast({{ measure.aggregate }}({{ measure.name }}) as {{ measure.type }}) as {{ measure.name }}{{ ',' if not loop.last }}
    {% endfor %}
from parts
group by {{ keys }}
    {%- endif %}
{%- endmacro %}

{%- macro measured(measures) -%}
    {%- for measure in measures -%}
    cast({{ measure.aggregate }}({{ measure.of }}) as {{ measure.type }}) as {{ measure.name }}{{ ',' if not loop.last }}
    {% endfor %}
{%- endmacro %}
