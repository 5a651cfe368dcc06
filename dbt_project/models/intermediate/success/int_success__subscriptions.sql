with versions as (
    select
        *,
        greatest(known_from, started_at + {{ load_grace() }}) as visible_from
    from {{ ref('stg_success__subscriptions') }}
),

subscriptions as (
    select
        *,
        min(visible_from) over (partition by subscription_id) as first_visible_from
    from versions
)

select
    subscriptions.subscription_id,
    subscriptions.customer_id,
    subscriptions.seats,
    {{ in_reporting_currency('subscriptions', 'mrr_amount') }},
    subscriptions.started_at,
    -- Whichever comes first.
    least(
        coalesce(subscriptions.cancelled_at, subscriptions.contract_ends_at),
        coalesce(subscriptions.contract_ends_at, subscriptions.cancelled_at)
    ) as ended_at,
    -- A history load dates a row back to its start, with the term as it was extended since and the cancellation that
    -- came since. So a term was foreseen if it was known later than at the start, a cancellation if it replaced a
    -- version before it.
    case
        when subscriptions.known_from > subscriptions.started_at then subscriptions.contract_ends_at
    end as foreseen_contract_ends_at,
    case
        when subscriptions.visible_from > subscriptions.first_visible_from then subscriptions.cancelled_at
    end as foreseen_cancelled_at,
    subscriptions.known_from,
    subscriptions.known_to,
    subscriptions.batch,
    subscriptions.known_to_batch
from subscriptions
{{ join_fx_rates('subscriptions', 'started_at') }}
