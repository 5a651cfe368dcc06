with consents as (select * from {{ ref('int_core__consent_validity') }}),

allowed as (
    select * from {{ ref('consent_policy') }}
    where jurisdiction = '{{ var("jurisdiction") }}' and verdict = 'allow' and legal_class like 'emotion%'
)

select
    consents.customer_id,
    consents.purpose,
    consents.consent_id,
    allowed.legal_class,
    consents.valid_from,
    consents.valid_to,
    consents.known_from,
    consents.known_to,
    consents.batch,
    consents.known_to_batch
from consents
inner join allowed
    on
        consents.purpose = allowed.purpose
        and (consents.has_notice or not allowed.requires_notice)
-- What is felt is opened by nothing but consent. A record that names no basis is what its entity is called.
where coalesce(nullif(lower(trim(consents.legal_basis)), ''), 'consent') = 'consent'
