with returned as (select * from {{ ref('stg_commerce__returns') }})

select
    returned.return_id,
    returned.customer_id,
    returned.returned_at,
    {{ in_reporting_currency('returned', 'refund_amount') }},
    returned.known_from,
    returned.known_to,
    returned.batch,
    returned.known_to_batch
from returned
{{ join_fx_rates('returned', 'returned_at') }}
where coalesce(returned.status, 'refunded') <> 'refused'
