{{ config(meta={'dagster': {'ref': {'name': 'segments'}}}) }}
-- Fails if a customer of the newest snapshot is in no segment, or counted in two.
with customers as (select count(*) as n_customers from {{ ref('customer_profile') }}),

sizes as (select coalesce(sum(n_customers), 0) as n_customers from {{ ref('segments') }})

select
    customers.n_customers,
    sizes.n_customers as n_in_segments
from customers
cross join sizes
where customers.n_customers <> sizes.n_customers
