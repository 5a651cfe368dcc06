with clv as (select * from {{ ref('customer_clv') }}),

segments as (select * from {{ ref('customer_segments') }}),

at_risk as (select * from {{ ref('value_at_risk') }}),

placed as (
    select
        clv.*,
        segments.net_spend_lifetime,
        at_risk.value_at_risk,
        at_risk.value_at_risk_lower,
        at_risk.value_at_risk_upper,
        -- The id decides between equals, so that a decile is the same in every run.
        ntile(10) over (order by clv.clv_365d desc, clv.customer_id asc) as decile
    from clv
    left join segments on clv.customer_id = segments.customer_id
    left join at_risk on clv.customer_id = at_risk.customer_id
),

deciles as (
    select
        cast(decile as integer) as decile,
        max(snapshot_date) as snapshot_date,
        count(*) as n_customers,
        sum(clv_365d) as clv_365d,
        avg(clv_365d) as clv_365d_mean,
        avg(clv_365d_lower) as clv_365d_mean_lower,
        avg(clv_365d_upper) as clv_365d_mean_upper,
        cast(coalesce(sum(net_spend_lifetime), 0) as decimal(28, 4)) as net_spend_lifetime,
        avg(p_alive) as p_alive_mean,
        coalesce(sum(value_at_risk), 0) as value_at_risk,
        coalesce(sum(value_at_risk_lower), 0) as value_at_risk_lower,
        coalesce(sum(value_at_risk_upper), 0) as value_at_risk_upper,
        max(model_version) as model_version
    from placed
    group by decile
)

select
    *,
    clv_365d / nullif(sum(clv_365d) over (), 0) as clv_share,
    sum(clv_365d) over (order by decile rows between unbounded preceding and current row)
    / nullif(sum(clv_365d) over (), 0) as cumulative_clv_share
from deciles
