with spine as ({{ spine(covered_by=['invoices', 'payments']) }}),

coverage as (select * from {{ ref('int_core__coverage') }}),

invoices as ({{ known_rows(ref('stg_success__invoices'), clock='issued_at', days=windows()[-1]) }}),

payments as ({{ known_rows(ref('stg_success__payments'), clock='paid_at', days=windows()[-1]) }}),

-- By the payments, never by whether the invoice is called paid: a history load dates that back to the day of issue. One
-- that was refunded since was made all the same.
settled as (
    select distinct
        invoice_id,
        snapshot_date
    from payments
    where coalesce(status, 'succeeded') <> 'failed' and invoice_id is not null
),

billed as (
    select
        invoices.customer_id,
        invoices.snapshot_date,
        count(*) filter (
            where invoices.due_at < invoices.snapshot_date and settled.invoice_id is null
        ) as n_overdue_invoices_90d
    from invoices
    left join settled on invoices.invoice_id = settled.invoice_id and invoices.snapshot_date = settled.snapshot_date
    where coalesce(invoices.status, 'open') <> 'void'
    group by invoices.customer_id, invoices.snapshot_date
),

paid as (
    select
        customer_id,
        snapshot_date,
        {{ windowed('count(*)', 'n_failed_payments', clock='paid_at', where="status = 'failed'") }}
    from payments
    group by customer_id, snapshot_date
),

joined as (
    select
        spine.customer_id,
        spine.snapshot_date,
        spine.lake_batch,
        coverage.has_invoices,
        coverage.has_payments,
        {% for column in over_windows(['n_failed_payments']) -%}
        paid.{{ column }},
        {% endfor -%}
        billed.n_overdue_invoices_90d
    from spine
    inner join coverage on spine.snapshot_date = coverage.snapshot_date
    left join billed on spine.customer_id = billed.customer_id and spine.snapshot_date = billed.snapshot_date
    left join paid on spine.customer_id = paid.customer_id and spine.snapshot_date = paid.snapshot_date
)

select
    customer_id,
    snapshot_date,
    lake_batch,
    -- Where no payment was ever loaded, all invoices would look overdue.
    {{ zero_if_covered(['n_overdue_invoices_90d'], 'has_invoices and has_payments') }},
    {{ zero_if_covered(over_windows(['n_failed_payments']), 'has_payments') }}
from joined
