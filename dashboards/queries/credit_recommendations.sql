-- What the policy recommends, and the rule that decided.
select
    recommendation,
    coalesce(rule, 'no rule speaks against it') as rule,
    n_customers,
    customer_share,
    policy_version
from marts.credit_recommendation_summary
order by n_customers desc, recommendation, rule
