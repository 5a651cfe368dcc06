with instalments as (
    select
        *,
        -- Listed before it is due: then the rate of the day on which it was listed.
        least(due_at, known_from) as rated_at
    from {{ ref('stg_finance__repayments') }}
)

select
    instalments.repayment_id,
    instalments.loan_id,
    instalments.customer_id,
    instalments.due_at,
    {{ in_reporting_currency('instalments', 'amount_due') }},
    -- What is left over must matter: a cent too few is no arrears.
    case
        when
            coalesce(instalments.amount_paid, instalments.amount_due)
            >= instalments.amount_due * (1 - {{ checked_var('credit_materiality_share', 0, 0.2) }})
            then instalments.paid_at
    end as settled_at,
    instalments.known_from,
    instalments.known_to,
    instalments.batch,
    instalments.known_to_batch
from instalments
{{ join_fx_rates('instalments', 'rated_at') }}
