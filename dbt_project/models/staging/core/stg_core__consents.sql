with versions as ({{ known_versions(source('core', 'consents'), ['consent_id'], 'granted_at') }})

select
    consent_id,
    customer_id,
    purpose,
    legal_basis,
    granted_at,
    withdrawn_at,
    notice_version,
    source,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
