with spine as ({{ spine(covered_by=['returns']) }}),

coverage as (select * from {{ ref('int_core__coverage') }}),

lifetimes as (
    select * from {{ ref('int_commerce__return_lifetimes') }}
    where {{ in_snapshots_to_build() }}
),

purchases as (
    select * from {{ ref('int_commerce__order_lifetimes') }}
    where {{ in_snapshots_to_build() }}
),

returned as ({{ known_rows(ref('int_commerce__returns'), clock='returned_at', days=windows()[-1]) }}),

recent as (
    select
        customer_id,
        snapshot_date,
        {{ windowed('count(*)', 'n_returns', clock='returned_at') }},
        {{ windowed('sum(refund_amount)', 'refund', clock='returned_at', type='decimal(28, 4)') }}
    from returned
    group by customer_id, snapshot_date
),

joined as (
    select
        spine.customer_id,
        spine.snapshot_date,
        spine.lake_batch,
        coverage.has_returns,
        {% for column in over_windows(['n_returns', 'refund']) -%}
        recent.{{ column }},
        {% endfor -%}
        lifetimes.n_returns as n_returns_lifetime,
        lifetimes.refund as refund_lifetime,
        case when lifetimes.n_returns is null then 0 else lifetimes.refund end as refunded,
        purchases.spend as spend_lifetime
    from spine
    inner join coverage on spine.snapshot_date = coverage.snapshot_date
    left join lifetimes on spine.customer_id = lifetimes.customer_id and spine.snapshot_date = lifetimes.snapshot_date
    left join purchases on spine.customer_id = purchases.customer_id and spine.snapshot_date = purchases.snapshot_date
    left join recent on spine.customer_id = recent.customer_id and spine.snapshot_date = recent.snapshot_date
)

select
    customer_id,
    snapshot_date,
    lake_batch,
    {{ zero_if_covered(over_windows(['n_returns']) + ['n_returns_lifetime'], 'has_returns') }},
    {{ zero_if_covered(over_windows(['refund']) + ['refund_lifetime'], 'has_returns', counted_by='n_returns') }},
    case
        when has_returns then {{ ratio('refunded', 'spend_lifetime') }}
    end as refund_lifetime_share
from joined
