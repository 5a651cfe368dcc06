with versions as ({{ known_versions(source('success', 'support_tickets'), ['ticket_id'], 'opened_at') }})

select
    ticket_id,
    customer_id,
    opened_at,
    first_response_at,
    resolved_at,
    channel,
    category,
    priority,
    status,
    subject,
    body,
    satisfaction,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
