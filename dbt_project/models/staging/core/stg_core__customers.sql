with versions as ({{ known_versions(source('core', 'customers'), ['customer_id'], 'registered_at') }})

select
    customer_id,
    registered_at,
    customer_type,
    full_name,
    email,
    phone,
    birth_date,
    gender,
    marital_status,
    country,
    region,
    city,
    postcode,
    language,
    acquisition_channel,
    industry,
    company_size,
    is_active,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
