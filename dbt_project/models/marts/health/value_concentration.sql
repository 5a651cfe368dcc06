with clv as (select * from {{ ref('customer_clv') }}),

levels as (select * from {{ ref('ml_clv__level_miss') }}),

ranked as (
    select
        clv.clv_365d,
        clv.clv_365d_lower,
        clv.clv_365d_upper,
        levels.level_miss,
        ntile(100) over (order by clv.clv_365d desc, clv.customer_id asc) as hundredth
    from clv
    left join levels on clv.model_version = levels.model_version
),

hundredths as (
    select
        cast(hundredth as integer) as hundredth,
        count(*) as n_customers,
        max(level_miss) as level_miss,
        sum(clv_365d) as clv_365d,
        sum(clv_365d_lower) as clv_365d_lower,
        sum(clv_365d_upper) as clv_365d_upper,
        sum(power(clv_365d - clv_365d_lower, 2)) as squares_lower,
        sum(power(clv_365d - clv_365d_upper, 2)) as squares_upper
    from ranked
    group by hundredth
),

summed as (
    select
        hundredth,
        level_miss,
        {%- for column in [
            'n_customers', 'clv_365d', 'clv_365d_lower', 'clv_365d_upper', 'squares_lower', 'squares_upper'
        ] %}
        sum({{ column }}) over (order by hundredth rows between unbounded preceding and current row)
            as {{ column }},
        {%- endfor %}
        sum(n_customers) over () as n_customers_in_all,
        sum(clv_365d) over () as clv_365d_in_all
    from hundredths
)

select
    hundredth,
    cast(n_customers as bigint) as n_customers,
    {{ ratio('n_customers', 'n_customers_in_all') }} as customer_share,
    clv_365d,
    {%- for side in ['lower', 'upper'] %}
    {{ bound_of_sum(
        side, 'clv_365d', outermost='clv_365d_' ~ side, together=['level_miss * clv_365d'], squares='squares_' ~ side
    ) }} as clv_365d_{{ side }},
    {%- endfor %}
    {{ ratio('clv_365d', 'clv_365d_in_all') }} as clv_share
from summed
