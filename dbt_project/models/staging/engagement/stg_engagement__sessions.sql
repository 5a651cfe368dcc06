with versions as ({{ known_versions(source('engagement', 'sessions'), ['session_id'], 'started_at') }})

select
    session_id,
    customer_id,
    started_at,
    duration_s,
    page_views,
    product_views,
    cart_adds,
    is_converted,
    order_id,
    device,
    channel,
    campaign_id,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
