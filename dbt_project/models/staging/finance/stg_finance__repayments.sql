with versions as ({{ known_versions(source('finance', 'repayments'), ['repayment_id']) }})

select
    repayment_id,
    loan_id,
    customer_id,
    due_at,
    amount_due,
    paid_at,
    amount_paid,
    currency,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
