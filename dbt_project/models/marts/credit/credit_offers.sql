-- Of the newest snapshot, where they are of the same run as the recommendations: a day that is built again and offers
-- nothing leaves what it offered before.
select offers.*
from {{ ref('ml_credit__offers') }} as offers
inner join {{ ref('credit_decisions') }} as decisions
    on
        offers.customer_id = decisions.customer_id
        and offers.snapshot_date = decisions.snapshot_date
        and offers.run_id = decisions.run_id
