with clv as (select * from {{ ref('customer_clv') }}),

segments as (select * from {{ ref('customer_segments') }}),

at_risk as (select * from {{ ref('value_at_risk') }}),

churn as (select * from {{ ref('customer_churn') }}),

levels as (select * from {{ ref('ml_clv__level_miss') }}),

placed as (
    select
        clv.*,
        segments.net_spend_lifetime,
        levels.level_miss,
        at_risk.value_at_risk,
        {%- for side in ['lower', 'upper'] %}
        at_risk.value_at_risk_{{ side }},
        clv.clv_365d * (churn.churn_probability - churn.churn_probability_{{ side }}) as off_by_churn_{{ side }},
        churn.churn_probability * (clv.clv_365d - clv.clv_365d_{{ side }}) as off_by_value_{{ side }},
        {%- endfor %}
        -- The id decides between equals, so that a decile is the same in every run.
        ntile(10) over (order by clv.clv_365d desc, clv.customer_id asc) as decile
    from clv
    left join segments on clv.customer_id = segments.customer_id
    left join at_risk on clv.customer_id = at_risk.customer_id
    left join churn on clv.customer_id = churn.customer_id
    left join levels on clv.model_version = levels.model_version
),

deciles as (
    select
        cast(decile as integer) as decile,
        max(snapshot_date) as snapshot_date,
        count(*) as n_customers,
        sum(clv_365d) as clv_365d,
        avg(clv_365d) as clv_365d_mean,
        {%- for side in ['lower', 'upper'] %}
        {{ bound_of_sum(
            side,
            'sum(clv_365d)',
            outermost='sum(clv_365d_' ~ side ~ ')',
            together=['max(level_miss) * sum(clv_365d)'],
            squares='sum(power(clv_365d - clv_365d_' ~ side ~ ', 2))',
        ) }} / count(*) as clv_365d_mean_{{ side }},
        {%- endfor %}
        cast(coalesce(sum(net_spend_lifetime), 0) as decimal(28, 4)) as net_spend_lifetime,
        avg(p_alive) as p_alive_mean,
        coalesce(sum(value_at_risk), 0) as value_at_risk,
        {%- for side in ['lower', 'upper'] %}
        coalesce({{ value_at_risk_sum_bound(side) }}, 0) as value_at_risk_{{ side }},
        {%- endfor %}
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
