with loans as (select * from {{ ref('stg_finance__loans') }})

select
    loans.loan_id,
    loans.customer_id,
    loans.opened_at,
    {{ in_reporting_currency('loans', 'principal_amount') }},
    {{ in_reporting_currency('loans', 'instalment_amount') }},
    loans.interest_rate,
    loans.term_months,
    loans.closed_at,
    loans.known_from,
    loans.known_to,
    loans.batch,
    loans.known_to_batch
from loans
{{ join_fx_rates('loans', 'opened_at') }}
