{#- Who performs: has been free of default for a probation, or has never been in it. The label, the decisions and the
    rule of who is asked about read it from here. -#}
with features as (select * from {{ ref('customer_features') }})

select
    customer_id,
    snapshot_date,
    is_sampled and {{ is_training_day('snapshot_date') }} as is_training,
    coalesce(n_open_loans, 0) > 0 as has_open_loan,
    days_since_default is null
    or days_since_default >= {{ checked_var('credit_probation_days', 0, 365) }} as is_performing
from features
-- Whoever the lender knows anything about: an account, a loan, an instalment.
where
    n_bookings_180d > 0
    or account_age_days is not null
    or n_loans_lifetime > 0
    or days_past_due_max_365d is not null
