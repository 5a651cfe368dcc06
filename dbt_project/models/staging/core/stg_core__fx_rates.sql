with versions as (
    {{ known_versions(source('core', 'fx_rates'), ['rate_date', 'from_currency', 'to_currency'], 'rate_date') }}
)

select
    rate_date,
    from_currency,
    to_currency,
    rate,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
