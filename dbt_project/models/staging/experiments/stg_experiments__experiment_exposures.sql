with versions as (
    {{ known_versions(source('experiments', 'experiment_exposures'), ['experiment_id', 'customer_id'], 'exposed_at') }}
)

select
    experiment_id,
    customer_id,
    exposed_at,
    variant,
    expected_share,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
