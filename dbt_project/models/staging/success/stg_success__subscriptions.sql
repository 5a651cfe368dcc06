with versions as ({{ known_versions(source('success', 'subscriptions'), ['subscription_id'], 'started_at') }})

select
    subscription_id,
    customer_id,
    plan,
    started_at,
    contract_ends_at,
    cancelled_at,
    mrr_amount,
    currency,
    billing_period,
    seats,
    status,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
