with versions as ({{ known_versions(source('experiments', 'experiments'), ['experiment_id']) }})

select
    experiment_id,
    experiment_name,
    hypothesis,
    primary_metric,
    starts_at,
    ends_at,
    control_variant,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
