{{ config(materialized='table') }}

{%- set newest = day(newest_full_snapshot()) %}
{%- set weeks_before = 13 %}
with allowed as (
    select * from {{ ref('consent_policy') }}
    where jurisdiction = '{{ var("jurisdiction") }}' and purpose = 'emotion_analytics' and verdict = 'allow'
),

-- Who agreed to emotion analytics at any time, whether or not it still runs.
agreed as (
    select distinct customer_id
    from {{ ref('int_emotion__consents') }}
    where purpose = 'emotion_analytics' and {{ known_at(newest, 'valid_from') }}
),

spent as (
    select
        customer_id,
        ordered_at as spent_at,
        amount,
        'behavioural' as legal_class,
        known_from,
        known_to
    from {{ ref('int_commerce__orders') }}
    union all
    select
        customer_id,
        booked_at as spent_at,
        -amount as amount,
        'financial' as legal_class,
        known_from,
        known_to
    from {{ ref('int_finance__bookings') }}
    where is_discretionary
)

select
    spent.customer_id,
    spent.spent_at,
    spent.amount,
    case when spent.legal_class = 'behavioural' then spent.amount else 0 end as order_amount,
    case when spent.legal_class = 'financial' then spent.amount else 0 end as booked_amount
from spent
inner join agreed on spent.customer_id = agreed.customer_id
inner join allowed on spent.legal_class = allowed.legal_class
where
    {{ known_at(newest, 'spent_at', 'spent') }}
    and spent.spent_at >= {{ newest }} - interval '{{ 7 * (var("emotion_finance_weeks") + weeks_before) }}' day
    and spent.amount is not null
