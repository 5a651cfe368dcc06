{#- A table: small, and read several times a run. -#}
{{ config(materialized='table') }}

with consents as (select * from {{ ref('stg_core__consents') }})

select
    customer_id,
    purpose,
    consent_id,
    legal_basis,
    coalesce(trim(notice_version), '') <> '' as has_notice,
    granted_at as valid_from,
    withdrawn_at as valid_to,
    known_from,
    known_to,
    batch,
    known_to_batch
from consents
