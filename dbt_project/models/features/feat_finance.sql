{#- Income comes by the month and defaults take a quarter to show, so accounts look back half a year and repayments a
    whole one, beside the usual windows. -#}
{%- set account_windows = [30, 90, 180] -%}
{%- set repayment_windows = [30, 90, 365] -%}
with spine as ({{ spine(covered_by=['bank_transactions', 'loans', 'repayments']) }}),

coverage as (select * from {{ ref('int_core__coverage') }}),

lifetimes as (
    select * from {{ ref('int_finance__booking_lifetimes') }}
    where {{ in_snapshots_to_build() }}
),

bookings as ({{ known_rows(ref('int_finance__bookings'), clock='booked_at', days=account_windows[-1]) }}),

-- A balance holds until the next booking on its account. Periods of 30 days are counted back from the snapshot.
placed as (
    select
        *,
        lead(booked_at) over (
            partition by customer_id, snapshot_date, account_id
            order by booked_at, transaction_id
        ) as replaced_at,
        ceil({{ days_between('booked_at', 'snapshot_date') }} / 30) as period
    from bookings
),

accounts as (
    select
        customer_id,
        snapshot_date,
        {{ windowed('count(*)', 'n_bookings', clock='booked_at', over=account_windows) }},
        {{ windowed(
            'sum(amount)', 'income', clock='booked_at', type='decimal(28, 4)', where='is_income', over=account_windows
        ) }},
        {% for period in range(1, 7) -%}
        cast(sum(amount) filter (where is_income and period = {{ period }}) as double) as income_{{ period }},
        {% endfor -%}
        max(booked_at) filter (where is_income) as last_income_at,
        {% for days in [30, 90] -%}
        {%- set within = "booked_at >= snapshot_date - interval '" ~ days ~ "' day" %}
        cast(-sum(amount) filter (where amount < 0 and {{ within }}) as decimal(28, 4)) as outflow_{{ days }}d,
        count(*) filter (where balance_after < 0 and {{ within }}) as n_overdraft_bookings_{{ days }}d,
        least({{ days }}, sum(
            case
                when balance_after < 0
                    then greatest(0, {{ days_between(
                        "greatest(booked_at, snapshot_date - interval '" ~ days ~ "' day)",
                        'coalesce(replaced_at, snapshot_date)'
                    ) }})
                else 0
            end
        )) as overdraft_{{ days }}d_days,
        {% endfor -%}
        {%- set within = "booked_at >= snapshot_date - interval '90' day" %}
        cast(-sum(amount) filter (where is_fixed_cost and {{ within }}) as decimal(28, 4)) as fixed_costs_90d,
        cast(-sum(amount) filter (where is_gambling and {{ within }}) as decimal(28, 4)) as gambling_90d,
        cast(min(balance_after) filter (where {{ within }}) as decimal(18, 4)) as balance_min_90d,
        cast(sum(balance_after) filter (where replaced_at is null) as decimal(28, 4)) as balance,
        cast(sum(credit_limit) filter (where replaced_at is null) as decimal(28, 4)) as credit_limit
    from placed
    group by customer_id, snapshot_date
),

loans as ({{ known_rows(ref('int_finance__loans'), clock='opened_at') }}),

instalments as ({{ known_rows(ref('int_finance__instalments'), clock='due_at') }}),

-- Of a loan that was closed before its time nothing more is owed. A payment after the snapshot is none yet, whatever
-- the version says of it: a history load knows how all of them ended.
owed as (
    select
        instalments.*,
        coalesce(instalments.settled_at < instalments.snapshot_date, false) as is_settled,
        least(
            coalesce(instalments.settled_at, cast(instalments.snapshot_date as timestamp)),
            cast(instalments.snapshot_date as timestamp)
        ) as open_until
    from instalments
    left join loans
        on instalments.loan_id = loans.loan_id and instalments.snapshot_date = loans.snapshot_date
    where loans.closed_at is null or instalments.due_at <= loans.closed_at
),

delays as (
    select
        *,
        cast(greatest(0, floor({{ days_between('due_at', 'open_until') }})) as integer) as days_past_due
    from owed
),

repaid as (
    select
        customer_id,
        snapshot_date,
        {% for days in repayment_windows -%}
        max(days_past_due) filter (
            where open_until >= snapshot_date - interval '{{ days }}' day
        ) as days_past_due_max_{{ days }}d,
        {% endfor -%}
        {% for days in repayment_windows[1:] -%}
        {%- set within = "due_at >= snapshot_date - interval '" ~ days ~ "' day" %}
        count(*) filter (where {{ within }}) as n_instalments_due_{{ days }}d,
        count(*) filter (where is_settled and days_past_due = 0 and {{ within }}) as n_on_time_{{ days }}d,
        {% endfor -%}
        cast(sum(amount_due) filter (
            where due_at >= snapshot_date - interval '90' day
        ) as decimal(28, 4)) as instalments_due_90d,
        max(days_past_due) filter (where not is_settled) as days_past_due,
        count(*) filter (where not is_settled and days_past_due > 0) as n_overdue_instalments,
        cast(sum(amount_due) filter (where not is_settled and days_past_due > 0) as decimal(28, 4)) as overdue_amount,
        -- The last moment at which an instalment was so late that the customer counted as in default.
        max(open_until) filter (
            where days_past_due >= {{ checked_var('credit_default_days_past_due', 30, 180) }}
        ) as last_in_default_at
    from delays
    group by customer_id, snapshot_date
),

loan_payments as (
    select
        customer_id,
        snapshot_date,
        transaction_id,
        booked_at,
        -amount as amount
    from placed
    where is_loan_payment and booked_at >= snapshot_date - interval '90' day
),

-- Which of them may have paid which instalment that is known here: of about its amount (another day's exchange rate, a
-- fee), about when it was settled.
matched as (
    select
        loan_payments.customer_id,
        loan_payments.snapshot_date,
        loan_payments.transaction_id,
        loan_payments.amount,
        owed.repayment_id,
        owed.amount_due
    from loan_payments
    inner join owed
        on
            loan_payments.customer_id = owed.customer_id
            and loan_payments.snapshot_date = owed.snapshot_date
            and owed.is_settled
            and {{ days_between('owed.settled_at', 'loan_payments.booked_at') }} between -5 and 5
            and loan_payments.amount between 0.95 * owed.amount_due and 1.05 * owed.amount_due
),

-- Never more than was booked, nor more than was owed: where two bookings fit one instalment, one of them paid another
-- loan.
{% for key, amount in [('transaction_id', 'amount'), ('repayment_id', 'amount_due')] -%}
by_{{ key }} as (
    select
        customer_id,
        snapshot_date,
        sum({{ amount }}) as amount
    from (select distinct customer_id, snapshot_date, {{ key }}, {{ amount }} from matched) as each_once
    group by customer_id, snapshot_date
),

{% endfor -%}
paid_back as (
    select
        loan_payments.customer_id,
        loan_payments.snapshot_date,
        sum(loan_payments.amount) as amount,
        least(max(by_transaction_id.amount), max(by_repayment_id.amount)) as amount_here
    from loan_payments
    left join by_transaction_id
        on
            loan_payments.customer_id = by_transaction_id.customer_id
            and loan_payments.snapshot_date = by_transaction_id.snapshot_date
    left join by_repayment_id
        on
            loan_payments.customer_id = by_repayment_id.customer_id
            and loan_payments.snapshot_date = by_repayment_id.snapshot_date
    group by loan_payments.customer_id, loan_payments.snapshot_date
),

settled as (
    select
        loan_id,
        snapshot_date,
        count(*) filter (where is_settled) as n_settled
    from owed
    group by loan_id, snapshot_date
),

states as (
    select
        loans.*,
        loans.closed_at is null or loans.closed_at >= loans.snapshot_date as is_open,
        least(coalesce(settled.n_settled, 0), loans.term_months) as n_settled,
        power(1 + loans.interest_rate / 12, -loans.term_months) as shrunk_to
    from loans
    left join settled on loans.loan_id = settled.loan_id and loans.snapshot_date = settled.snapshot_date
),

balances as (
    select
        *,
        -- What is left of an annuity after so many instalments; by the share of the term where no interest is known.
        -- Shrunk by the interest and not grown, as what an absurd rate grows to is no number.
        cast(principal_amount as double) * case
            when interest_rate > 0
                then (1 - power(1 + interest_rate / 12, n_settled - term_months)) / nullif(1 - shrunk_to, 0)
            else 1 - n_settled / nullif(cast(term_months as double), 0)
        end as outstanding
    from states
),

borrowed as (
    select
        customer_id,
        snapshot_date,
        count(*) as n_loans_lifetime,
        count(*) filter (where is_open) as n_open_loans,
        cast(sum(principal_amount) filter (where is_open) as decimal(28, 4)) as principal_open,
        cast(sum(instalment_amount) filter (where is_open) as decimal(28, 4)) as instalments_monthly,
        sum(outstanding) filter (where is_open) as outstanding_principal,
        max(interest_rate) filter (where is_open) as interest_rate_max,
        min(opened_at) as first_opened_at,
        max(opened_at) as last_opened_at
    from balances
    group by customer_id, snapshot_date
),

joined as (
    select
        spine.customer_id,
        spine.snapshot_date,
        spine.snapshot_at,
        spine.lake_batch,
        coverage.has_bank_transactions,
        coverage.has_loans,
        coverage.has_repayments,
        coalesce(accounts.n_bookings_180d, 0) > 0 as has_account,
        {{ days_between('lifetimes.first_booked_at', 'spine.snapshot_at') }} as account_age_days,
        {{ days_between('accounts.last_income_at', 'spine.snapshot_at') }} as income_recency_180d_days,
        {{ days_between('borrowed.first_opened_at', 'spine.snapshot_at') }} as days_since_first_loan,
        {{ days_between('borrowed.last_opened_at', 'spine.snapshot_at') }} as days_since_last_loan,
        {{ days_between('repaid.last_in_default_at', 'spine.snapshot_at') }} as days_since_default,
        {% for column in over_windows(['n_bookings', 'income'], account_windows) -%}
        accounts.{{ column }},
        {% endfor -%}
        {% for period in range(1, 7) -%}
        coalesce(accounts.income_{{ period }}, 0) as income_{{ period }},
        {% endfor -%}
        {% for column in over_windows(['outflow', 'n_overdraft_bookings'], [30, 90]) -%}
        accounts.{{ column }},
        {% endfor -%}
        accounts.overdraft_30d_days,
        accounts.overdraft_90d_days,
        accounts.fixed_costs_90d,
        -- What was paid back to others: of what was booked, all that is no instalment of a loan that is known here.
        cast(paid_back.amount - coalesce(paid_back.amount_here, 0) as decimal(28, 4)) as other_loan_payments_90d,
        accounts.gambling_90d,
        accounts.balance_min_90d,
        accounts.balance,
        accounts.credit_limit,
        {% for column in over_windows(['days_past_due_max'], repayment_windows) -%}
        repaid.{{ column }},
        {% endfor -%}
        {% for column in over_windows(['n_instalments_due', 'n_on_time'], repayment_windows[1:]) -%}
        repaid.{{ column }},
        {% endfor -%}
        repaid.instalments_due_90d,
        repaid.days_past_due,
        repaid.n_overdue_instalments,
        repaid.overdue_amount,
        borrowed.n_loans_lifetime,
        borrowed.n_open_loans,
        borrowed.principal_open,
        borrowed.instalments_monthly,
        borrowed.outstanding_principal,
        borrowed.interest_rate_max
    from spine
    inner join coverage on spine.snapshot_date = coverage.snapshot_date
    left join lifetimes on spine.customer_id = lifetimes.customer_id and spine.snapshot_date = lifetimes.snapshot_date
    left join accounts on spine.customer_id = accounts.customer_id and spine.snapshot_date = accounts.snapshot_date
    left join borrowed on spine.customer_id = borrowed.customer_id and spine.snapshot_date = borrowed.snapshot_date
    left join repaid on spine.customer_id = repaid.customer_id and spine.snapshot_date = repaid.snapshot_date
    left join paid_back
        on spine.customer_id = paid_back.customer_id and spine.snapshot_date = paid_back.snapshot_date
),

aged as (
    select
        *,
        -- Periods of 30 days that the account has been there for as a whole, of the last six: a monthly income need not
        -- have come in a part of one.
        least(6, floor(account_age_days / 30)) as n_periods
    from joined
),

periods as (
    select
        *,
        (
            {% for period in range(1, 7) -%}
            case when n_periods >= {{ period }} then income_{{ period }} else 0 end {{ '+' if not loop.last }}
            {% endfor -%}
        ) / nullif(n_periods, 0) as income_monthly
    from aged
),

regular as (
    select
        *,
        {% for period in range(1, 7) -%}
        case when n_periods >= {{ period }} and income_{{ period }} > 0 then 1 else 0 end {{ '+' if not loop.last }}
        {% endfor -%}
            as n_income_periods,
        -- What came in the part of a period before the whole ones.
        case n_periods
            {%- for period in range(1, 6) %}
            when {{ period }} then income_{{ period + 1 }}
            {%- endfor %}
            else 0
        end as income_before,
        sqrt((
            {% for period in range(1, 7) -%}
            case
                when n_periods >= {{ period }} then power(income_{{ period }} - income_monthly, 2)
                else 0
            end {{ '+' if not loop.last }}
            {% endfor %}
        ) / nullif(n_periods, 0)) / nullif(income_monthly, 0) as income_cv
    from periods
)

select
    customer_id,
    snapshot_date,
    lake_batch,
    {{ zero_if_covered(over_windows(['n_bookings'], account_windows), 'has_bank_transactions') }},
    -- Who has no account here, or does not use it, is unknown and not poor.
    {{ zero_if_covered(over_windows(['income'], account_windows), 'has_account') }},
    {{ zero_if_covered(
        ['outflow_30d', 'outflow_90d', 'fixed_costs_90d', 'other_loan_payments_90d', 'gambling_90d'], 'has_account'
    ) }},
    account_age_days,
    -- A period without income that follows on some income may be a month whose pay came a day too early or too late to
    -- lie in it. Six periods even that out; of fewer the mean is not known.
    case
        when has_account and not (income_before > 0 and n_income_periods < n_periods) then income_monthly
    end as income_monthly_180d,
    case when has_account then cast(n_income_periods as double) / nullif(n_periods, 0) end as income_periods_180d_share,
    case when has_account and n_periods > 1 then income_cv end as income_cv_180d,
    income_recency_180d_days,
    balance,
    balance_min_90d,
    {{ ratio('90 * balance', 'outflow_90d') }} as balance_buffer_days,
    credit_limit,
    {{ ratio('greatest(0, -balance)', 'credit_limit') }} as limit_utilisation,
    {{ zero_if_covered(
        ['n_overdraft_bookings_30d', 'n_overdraft_bookings_90d', 'overdraft_30d_days', 'overdraft_90d_days'],
        'balance is not null'
    ) }},
    {{ ratio('coalesce(gambling_90d, 0)', 'outflow_90d') }} as gambling_90d_share,
    {{ ratio('coalesce(fixed_costs_90d, 0)', 'income_90d') }} as fixed_costs_to_income_90d,
    {{ ratio('income_90d - coalesce(outflow_90d, 0)', 'income_90d') }} as surplus_to_income_90d,
    {{ zero_if_covered(['n_loans_lifetime', 'n_open_loans'], 'has_loans') }},
    {% for column in ['principal_open', 'outstanding_principal'] -%}
    case
        when has_loans and coalesce(n_open_loans, 0) = 0 then 0
        when has_loans then {{ column }}
    end as {{ column }},
    {% endfor -%}
    instalments_monthly,
    {{ ratio('outstanding_principal', 'principal_open') }} as outstanding_share,
    interest_rate_max,
    days_since_first_loan,
    days_since_last_loan,
    {{ zero_if_covered(
        over_windows(['n_instalments_due'], repayment_windows[1:])
        + ['instalments_due_90d', 'n_overdue_instalments', 'overdue_amount'],
        'has_repayments'
    ) }},
    -- Null for who has not had to pay yet: a record that is empty is not a good one.
    case
        when has_repayments and days_past_due_max_365d is not null then coalesce(days_past_due, 0)
    end as days_past_due,
    {% for column in over_windows(['days_past_due_max'], repayment_windows) -%}
    case when has_repayments then {{ column }} end as {{ column }},
    {% endfor -%}
    {{ ratio('n_on_time_90d', 'n_instalments_due_90d') }} as on_time_90d_share,
    {{ ratio('n_on_time_365d', 'n_instalments_due_365d') }} as on_time_365d_share,
    days_since_default,
    {{ ratio('coalesce(instalments_due_90d, 0)', 'income_90d') }} as debt_service_ratio_90d
from regular
