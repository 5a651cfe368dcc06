select
    customer_id,
    snapshot_date,
    {{ collected('category', by='category') }} as categories,
    {{ collected('n_lines', by='category') }} as category_lines
from {{ ref('int_commerce__category_lifetimes') }}
where category is not null
group by customer_id, snapshot_date
