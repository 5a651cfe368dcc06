with spine as ({{ spine(covered_by=['support_tickets']) }}),

coverage as (select * from {{ ref('int_core__coverage') }}),

tickets as ({{ known_rows(ref('stg_success__support_tickets'), clock='opened_at', days=windows()[-1]) }}),

-- By the day it was resolved, never by the status: a history load dates that back to the day the ticket was opened.
states as (
    select
        *,
        resolved_at is null or resolved_at >= snapshot_date as is_open
    from tickets
),

recent as (
    select
        customer_id,
        snapshot_date,
        {{ windowed('count(*)', 'n_tickets', clock='opened_at') }},
        count(*) filter (where priority in ('high', 'critical')) as n_urgent_tickets_90d,
        count(*) filter (where is_open) as n_open_tickets_90d,
        max(opened_at) as last_opened_at
    from states
    group by customer_id, snapshot_date
),

joined as (
    select
        spine.customer_id,
        spine.snapshot_date,
        spine.lake_batch,
        coverage.has_support_tickets,
        {% for column in over_windows(['n_tickets']) -%}
        recent.{{ column }},
        {% endfor -%}
        recent.n_urgent_tickets_90d,
        recent.n_open_tickets_90d,
        {{ days_between('recent.last_opened_at', 'spine.snapshot_at') }} as ticket_recency_90d_days
    from spine
    inner join coverage on spine.snapshot_date = coverage.snapshot_date
    left join recent on spine.customer_id = recent.customer_id and spine.snapshot_date = recent.snapshot_date
)

select
    customer_id,
    snapshot_date,
    lake_batch,
    {{ zero_if_covered(
        over_windows(['n_tickets']) + ['n_urgent_tickets_90d', 'n_open_tickets_90d'], 'has_support_tickets'
    ) }},
    ticket_recency_90d_days
from joined
