with versions as ({{ known_versions(source('finance', 'loans'), ['loan_id'], 'opened_at') }})

select
    loan_id,
    customer_id,
    opened_at,
    product,
    principal_amount,
    currency,
    interest_rate,
    term_months,
    instalment_amount,
    closed_at,
    status,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
