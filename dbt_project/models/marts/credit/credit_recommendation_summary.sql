with decisions as (select * from {{ ref('credit_decisions') }}),

rules as (
    select
        recommendation,
        rule,
        max(snapshot_date) as snapshot_date,
        max(policy_version) as policy_version,
        count(*) as n_customers
    from decisions
    group by recommendation, rule
)

select
    *,
    {{ ratio('n_customers', 'sum(n_customers) over ()') }} as customer_share
from rules
