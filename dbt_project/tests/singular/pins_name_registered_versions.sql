{{ config(meta={'dagster': {'ref': {'name': 'model_registry'}}}) }}
-- Fails if the seed model_pins names a version that was never fitted: the pin has no effect, and nobody would notice.
select pins.*
from {{ ref('model_pins') }} as pins
left join {{ ref('model_registry') }} as registry
    on
        pins.model_name = registry.model_name
        and pins.model_version = registry.model_version
        and registry.status <> 'failed'
where registry.model_version is null
