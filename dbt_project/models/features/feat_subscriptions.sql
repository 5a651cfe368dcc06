with spine as ({{ spine(covered_by=['subscriptions']) }}),

coverage as (select * from {{ ref('int_core__coverage') }}),

-- The one version of each subscription that was known at the snapshot.
subscriptions as ({{ known_rows(ref('int_success__subscriptions'), clock='started_at') }}),

-- An end that still lies ahead is none, whatever the version says of it.
states as (
    select
        *,
        ended_at is null or ended_at >= snapshot_date as is_running
    from subscriptions
),

held as (
    select
        customer_id,
        snapshot_date,
        count(*) filter (where is_running) as n_subscriptions_running,
        cast(sum(mrr_amount) filter (where is_running) as decimal(28, 4)) as mrr,
        cast(sum(seats) filter (where is_running) as bigint) as seats,
        min(started_at) filter (where is_running) as running_since,
        min(foreseen_contract_ends_at) filter (where is_running) as contract_ends_at,
        count(foreseen_cancelled_at) filter (where is_running) > 0 as has_notice,
        count(*) filter (where not is_running) as n_subscriptions_ended,
        max(ended_at) filter (where not is_running) as last_ended_at
    from states
    group by customer_id, snapshot_date
),

joined as (
    select
        spine.customer_id,
        spine.snapshot_date,
        spine.lake_batch,
        coverage.has_subscriptions,
        coalesce(held.n_subscriptions_running, 0) > 0 as is_subscriber,
        held.n_subscriptions_running,
        held.mrr,
        held.seats,
        {{ days_between('held.running_since', 'spine.snapshot_at') }} as subscription_tenure_days,
        {{ days_between('spine.snapshot_at', 'held.contract_ends_at') }} as contract_days_left,
        coalesce(held.has_notice, false) as has_notice,
        held.n_subscriptions_ended,
        {{ days_between('held.last_ended_at', 'spine.snapshot_at') }} as last_subscription_ended_days
    from spine
    inner join coverage on spine.snapshot_date = coverage.snapshot_date
    left join held on spine.customer_id = held.customer_id and spine.snapshot_date = held.snapshot_date
)

select
    customer_id,
    snapshot_date,
    lake_batch,
    case when has_subscriptions then is_subscriber end as is_subscriber,
    {{ zero_if_covered(['n_subscriptions_running'], 'has_subscriptions') }},
    {% for column in ['mrr', 'seats'] -%}
    case
        when has_subscriptions and not is_subscriber then 0
        when has_subscriptions then {{ column }}
    end as {{ column }},
    {% endfor -%}
    subscription_tenure_days,
    contract_days_left,
    case when has_subscriptions then has_notice end as has_notice,
    {{ zero_if_covered(['n_subscriptions_ended'], 'has_subscriptions') }},
    last_subscription_ended_days
from joined
