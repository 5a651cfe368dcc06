{#- All that was known of each customer since the beginning, one row per customer (and `by`) per snapshot.
    `measures` is a list of {name, aggregate, of, type} whose aggregates merge with themselves: sum (of whole numbers and
    decimals), min, max.

    From scratch it reads all history. For one day more it takes what the day before knew (`previous`), adds the rows
    that became visible since, and takes away those that were withdrawn or replaced. Customers of whom what is left
    cannot be told from that (their last order was cancelled, the past before the day before was rewritten) are counted
    anew: only where there are any is history read. `looked_up` names the entities that the rows take values from: if
    their past was loaded later, it starts from scratch. -#}
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
with previous as (
    select * from {{ this }}
    where snapshot_date = cast('{{ previous.date }}' as date)
),

appeared as (
    select
        {{ keys }},
        {{ measured(measures) }}
    from {{ relation }}
    where
        {{ known_at(now, clock) }}
        and (
            batch > {{ previous.lake_batch }}
            or (
                known_from >= {{ before }}
                and not ({{ clock }} < {{ before }} and known_from < {{ before }} + {{ load_grace() }})
            )
        )
    group by {{ keys }}
),

gone as (
    select
        {{ keys }},
        {{ measured(measures) }}
    from {{ relation }}
    where
        batch <= {{ previous.lake_batch }}
        and {{ clock }} < {{ before }} and known_from < {{ before }} + {{ load_grace() }}
        and known_to >= {{ before }} + {{ load_grace() }} and known_to < {{ now }} + {{ load_grace() }}
    group by {{ keys }}
),

counted_anew as (
    select customer_id from {{ relation }}
    where known_to_batch > {{ previous.lake_batch }} and known_to < {{ before }} + {{ load_grace() }}
    union distinct
    select gone.customer_id
    from gone
    left join previous on {{ same_keys('gone', 'previous', by) }}
    left join appeared on {{ same_keys('gone', 'appeared', by) }}
    where
        {% for measure in measures -%}
        {{ 'or ' if not loop.first }}gone.{{ measure.name }} {{ is_in_doubt(measure) }}
        {% endfor %}
),

parts as (
    select
        {{ keys }},
        {% for measure in measures %}{{ measure.name }}{{ ', ' if not loop.last }}{% endfor %}
    from previous
    where customer_id not in (select counted_anew.customer_id from counted_anew)
    union all
    select
        {{ keys }},
        {% for measure in measures %}{{ measure.name }}{{ ', ' if not loop.last }}{% endfor %}
    from appeared
    where customer_id not in (select counted_anew.customer_id from counted_anew)
    union all
    select
        {{ keys }},
        {% for measure in measures -%}
        {{ '-' ~ measure.name if measure.aggregate == 'sum' else 'null' }} as {{ measure.name }}{{ ', ' if not loop.last }}
        {%- endfor %}
    from gone
    where customer_id not in (select counted_anew.customer_id from counted_anew)
    union all
    select
        {{ keys }},
        {{ measured(measures) }}
    from {{ relation }}
    where {{ known_at(now, clock) }} and customer_id in (select counted_anew.customer_id from counted_anew)
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

{#- Whether a measure that something is gone of cannot be told from what is left: a sum may have become empty, which is
    no zero; a least or greatest value may be gone with nothing as small or great in its place. -#}
{%- macro is_in_doubt(measure) -%}
    {%- set name = measure.name -%}
    {%- if measure.aggregate == 'sum' -%}
    is not null and appeared.{{ name }} is null and gone.{{ name }} = previous.{{ name }}
    {%- else -%}
        {%- set beyond = '>' if measure.aggregate == 'max' else '<' -%}
    {{ beyond }}= previous.{{ name }} and coalesce(not appeared.{{ name }} {{ beyond }}= previous.{{ name }}, true)
    {%- endif -%}
{%- endmacro %}

{#- Whether two relations tell of the same customer, and of the same `by`, which may be null. -#}
{%- macro same_keys(left, right, by) -%}
    {{ left }}.customer_id = {{ right }}.customer_id
    {%- for key in by %}
        and {{ left }}.{{ key }} is not distinct from {{ right }}.{{ key }}
    {%- endfor -%}
{%- endmacro %}
