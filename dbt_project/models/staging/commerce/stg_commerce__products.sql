with versions as ({{ known_versions(source('commerce', 'products'), ['product_id']) }})

select
    product_id,
    product_name,
    category,
    subcategory,
    brand,
    unit_price,
    unit_cost,
    currency,
    launched_at,
    is_active,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
