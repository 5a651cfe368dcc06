-- Customers with a credit score, and what is recommended for them.
select
    count(*) as n_scored,
    max(snapshot_date) as snapshot_date,
    avg(pd) as pd_mean,
    avg(pd_lower) as pd_mean_lower,
    avg(pd_upper) as pd_mean_upper,
    count(*) filter (where recommendation = 'approve') as n_approve,
    count(*) filter (where recommendation = 'refer') as n_refer,
    count(*) filter (where recommendation = 'decline') as n_decline
from marts.credit_decisions
having count(*) > 0
