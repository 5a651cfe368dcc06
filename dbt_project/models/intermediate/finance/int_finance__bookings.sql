{#- Whether a booking pays back a loan, whoever lent it. -#}
{%- set is_loan_payment = "(coalesce(bookings.category, '') in ('loan', 'mortgage')"
    ~ " or coalesce(bookings.counterparty_type, '') = 'lender')" -%}
with bookings as (select * from {{ ref('stg_finance__bank_transactions') }})

select
    bookings.transaction_id,
    bookings.customer_id,
    bookings.account_id,
    bookings.booked_at,
    {{ in_reporting_currency('bookings', 'amount') }},
    {{ in_reporting_currency('bookings', 'balance_after') }},
    {{ in_reporting_currency('bookings', 'credit_limit') }},
    -- What comes in for a living, whoever pays it: wages, pensions and benefits.
    bookings.amount > 0 and (
        coalesce(bookings.category, '') in ('salary', 'wages', 'pension', 'benefits')
        or coalesce(bookings.counterparty_type, '') = 'employer'
    ) as is_income,
    bookings.amount < 0 and {{ is_loan_payment }} as is_loan_payment,
    bookings.amount < 0
    and coalesce(bookings.is_recurring, false)
    -- Instalments of the loans that are known here are counted by what is agreed, and must not count twice.
    and not {{ is_loan_payment }} as is_fixed_cost,
    bookings.amount < 0 and coalesce(bookings.category, '') = 'gambling' as is_gambling,
    -- What might as well not have been bought: neither agreed beforehand nor needed, and not passed on.
    bookings.amount < 0
    and not coalesce(bookings.is_recurring, false)
    and coalesce(bookings.category, '') not in ('groceries', 'transfer', 'tax', 'health')
    and not {{ is_loan_payment }} as is_discretionary,
    bookings.known_from,
    bookings.known_to,
    bookings.batch,
    bookings.known_to_batch
from bookings
{{ join_fx_rates('bookings', 'booked_at') }}
