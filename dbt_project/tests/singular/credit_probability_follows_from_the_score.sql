-- Fails if a probability of default is not the one that the stored factor and offset give the score, or one of them is
-- missing.
select
    customer_id,
    score,
    pd
from {{ ref('credit_scores') }}
where coalesce(abs(pd - 1 / (1 + exp((score - pd_offset) / factor))) > 0.000001, true)
