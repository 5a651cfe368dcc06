-- Of the newest snapshot, where they are of the same run as the scores: a day that is built again and costs nobody a
-- point leaves what it said before.
select reasons.*
from {{ ref('ml_credit__reasons') }} as reasons
inner join {{ ref('credit_scores') }} as scores
    on
        reasons.customer_id = scores.customer_id
        and reasons.snapshot_date = scores.snapshot_date
        and reasons.run_id = scores.run_id
