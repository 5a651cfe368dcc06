with sessions as (select * from {{ ref('stg_engagement__sessions') }})

select * from sessions
-- An anonymous visit belongs to no customer; business_daily counts it.
where customer_id is not null
