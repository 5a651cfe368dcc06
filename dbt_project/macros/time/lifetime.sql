{#- All that was known of each customer since the beginning, one row per customer (and `by`) per snapshot.
    `measures` is a list of {name, aggregate, of, type}: the first counts the rows; the others are sums of whole numbers
    and decimals, of which `counted_by` names the count of rows that hold one, and least and greatest values.

    From scratch it reads all history. For one day more it takes what the day before knew (`previous`), adds the rows
    that became visible since, and takes away those that were withdrawn or replaced. That settles counts and sums. Where
    a least or greatest value is gone with nothing in its place (an order was cancelled that was the last one), the
    rows since settled_before() are looked through; a greatest value with `settled` is kept of the rows before as well.
    All history is read only of customers of whom that leaves a doubt, or whose past before the day before was rewritten.
    `looked_up` names the entities that the rows take values from: if their past was loaded later, it starts from
    scratch. -#}
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
    {{ measured(with_settled(measures, clock, 'snapshot_date')) }}
from known
group by {{ keys }}{{ ', snapshot_date' if dates | length > 1 }}
    {%- else -%}
        {%- set now, before = day(dates[0]), day(previous.date) -%}
        {%- set all_measures = with_settled(measures, clock, now) -%}
        {%- set settled = measures | selectattr('settled', 'defined') | map(attribute='name') | list -%}
        {%- set times = measures | rejectattr('aggregate', 'equalto', 'sum') | list -%}
        {%- set looked_through = times if settled else [] -%}
with previous as (
    select * from {{ this }}
    where snapshot_date = cast('{{ previous.date }}' as date)
),

-- Two selects where an `or` would do: either skips files or row groups that the other needs.
visible_since as (
    select * from {{ relation }}
    where batch > {{ previous.lake_batch }} and {{ known_at(now, clock) }}
    union all
    select * from {{ relation }}
    where
        batch <= {{ previous.lake_batch }} and known_from >= {{ before }} and {{ known_at(now, clock) }}
        and not ({{ clock }} < {{ before }} and known_from < {{ before }} + {{ load_grace() }})
),

appeared as (
    select
        {{ keys }},
        {{ measured(all_measures) }}
    from visible_since
    group by {{ keys }}
),

gone as (
    select
        {{ keys }},
        {{ measured(with_settled(measures, clock, before)) }}
    from {{ relation }}
    where
        batch <= {{ previous.lake_batch }}
        and {{ clock }} < {{ before }} and known_from < {{ before }} + {{ load_grace() }}
        and known_to >= {{ before }} + {{ load_grace() }} and known_to < {{ now }} + {{ load_grace() }}
    group by {{ keys }}
),
        {%- if times %}

left_open as (
    select
        gone.customer_id,
        {% for key in by %}gone.{{ key }},{% endfor -%}
        {% for measure in looked_through -%}
        {{ is_gone(measure.name, measure.aggregate) }} as {{ measure.name }},
        {% endfor -%}
        {% for measure in times -%}
            {%- if measure.settled -%}
        {{ is_gone('settled_' ~ measure.name, 'max') }}
            {%- elif looked_through -%}
        ({{ is_gone(measure.name, 'min') }} and gone.{{ measure.name }} < {{ settled_before(before) }})
            {%- else -%}
        {{ is_gone(measure.name, measure.aggregate) }}
            {%- endif -%}
        {{ ' or ' if not loop.last }}
        {%- endfor %} as beyond_recent
    from gone
    inner join previous on {{ same_keys('gone', 'previous', by) }}
    left join appeared on {{ same_keys('gone', 'appeared', by) }}
),

in_doubt as (
    select * from left_open
    where beyond_recent{% for measure in looked_through %} or {{ measure.name }}{% endfor %}
),
        {%- endif %}

counted_anew as (
    select customer_id from {{ relation }}
    where known_to_batch > {{ previous.lake_batch }} and known_to < {{ before }} + {{ load_grace() }}
        {%- if times %}
    union distinct
    select customer_id from in_doubt
    where beyond_recent
        {%- endif %}
),

parts as (
    select
        {% for key in ['customer_id'] + by %}previous.{{ key }},{% endfor -%}
        {% for measure in all_measures -%}
            {%- if measure in looked_through -%}
        case when in_doubt.{{ measure.name }} then {{ 'previous.settled_' ~ measure.name if measure.settled else 'null' }}
            else previous.{{ measure.name }} end
            {%- else -%}
        previous.{{ measure.name }}
            {%- endif %} as {{ measure.name }}{{ ',' if not loop.last }}
        {% endfor %}
    from previous
        {%- if looked_through %}
    left join in_doubt on {{ same_keys('previous', 'in_doubt', by) }}
        {%- endif %}
    union all
    select
        {{ keys }},
        {{ all_measures | map(attribute='name') | join(', ') }}
    from appeared
    union all
    select
        {{ keys }},
        {% for measure in all_measures -%}
        {{ '-' ~ measure.name if measure.aggregate == 'sum' else 'null' }} as {{ measure.name }}{{ ',' if not loop.last }}
        {% endfor %}
    from gone
        {%- if settled %}
    union all
    select
        {{ keys }},
        {% for measure in all_measures -%}
        {{ measure.settles or 'null' }} as {{ measure.name }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ relation }}
    where
        {{ known_at(now) }}
        and {{ clock }} >= {{ settled_before(before) }} and {{ clock }} < {{ settled_before(now) }}
        {%- endif %}
        {%- if looked_through %}
    union all
    select
        {{ keys }},
        {% for measure in all_measures -%}
        {{ measure.of if measure in looked_through else 'null' }} as {{ measure.name }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ relation }}
    where
        {{ known_at(now, clock) }} and {{ clock }} >= {{ settled_before(before) }}
        and customer_id in (select in_doubt.customer_id from in_doubt)
        {%- endif %}
),

merged as (
    select * from parts
    where customer_id not in (select counted_anew.customer_id from counted_anew)
    union all
    select
        {{ keys }},
        {{ measured(all_measures) }}
    from {{ relation }}
    where {{ known_at(now, clock) }} and customer_id in (select counted_anew.customer_id from counted_anew)
    group by {{ keys }}
)

select
    {{ keys }},
    cast('{{ dates[0] }}' as date) as snapshot_date,
    cast({{ lake_batch() }} as bigint) as lake_batch,
    {% for measure in all_measures -%}
    cast(
        {%- if measure.counted_by %}case when sum({{ measure.counted_by }}) > 0 then {% endif -%}
        {{ measure.aggregate }}({{ measure.name }})
        {%- if measure.counted_by %} end{% endif %} as {{ measure.type }}) as {{ measure.name }}{{ ',' if not loop.last }}
    {% endfor %}
from merged
group by {{ keys }}
having sum({{ measures[0].name }}) > 0
    {%- endif %}
{%- endmacro %}

{%- macro measured(measures) -%}
    {%- for measure in measures -%}
    cast({{ measure.aggregate }}({{ measure.of }}) as {{ measure.type }}) as {{ measure.name }}{{ ',' if not loop.last }}
    {% endfor %}
{%- endmacro %}

{#- Until when a row is old at a snapshot: what is withdrawn is nearly always younger. -#}
{%- macro settled_before(snapshot) -%}
    {{ snapshot }} - interval '{{ windows()[-1] }}' day
{%- endmacro %}

{#- The measures, and beside each that asks for it the same of the rows that are old at the snapshot. -#}
{%- macro with_settled(measures, clock, snapshot) -%}
    {%- set all_measures = measures | list -%}
    {%- for measure in measures if measure.settled -%}
        {%- do all_measures.append({
            'name': 'settled_' ~ measure.name,
            'aggregate': measure.aggregate,
            'of': 'case when ' ~ clock ~ ' < ' ~ settled_before(snapshot) ~ ' then ' ~ measure.of ~ ' end',
            'type': measure.type,
            'settles': measure.of,
        }) -%}
    {%- endfor -%}
    {{ return(all_measures) }}
{%- endmacro %}

{#- Whether a least or greatest value is gone with nothing that appeared in its place. -#}
{%- macro is_gone(name, aggregate) -%}
    {%- set beyond = '>' if aggregate == 'max' else '<' -%}
    coalesce(gone.{{ name }} {{ beyond }}= previous.{{ name }}, false)
    and coalesce(appeared.{{ name }} {{ '<' if aggregate == 'max' else '>' }} previous.{{ name }}, true)
{%- endmacro %}

{#- Whether two relations tell of the same customer, and of the same `by`, which may be null. -#}
{%- macro same_keys(left, right, by) -%}
    {{ left }}.customer_id = {{ right }}.customer_id
    {%- for key in by %}
        and {{ left }}.{{ key }} is not distinct from {{ right }}.{{ key }}
    {%- endfor -%}
{%- endmacro %}
