with consents as (select * from {{ ref('int_core__consent_validity') }})

select
    customer_id,
    purpose,
    consent_id,
    legal_basis,
    has_notice,
    valid_from,
    valid_to,
    known_from,
    known_to
from consents
-- What was withdrawn when it was given, or before, never covered anything.
where
    (valid_to is null or valid_to > valid_from)
    and (known_to is null or known_to > known_from)
