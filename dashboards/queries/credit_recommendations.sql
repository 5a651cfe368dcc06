-- What the policy recommends, and the rule that decided.
select recommendation, coalesce(rule, 'no rule speaks against it') as rule, count(*) as n_customers
from marts.credit_decisions
group by all
order by n_customers desc, recommendation, rule
