-- One customer at a glance.
select
    directory.*,
    profile.preferred_category,
    profile.registered_at,
    profile.first_ordered_at,
    profile.aov,
    profile.total_refunded,
    profile.n_orders_90d,
    profile.n_sessions_90d,
    profile.has_marketing_consent,
    profile.is_unsubscribed
from marts.customer_directory as directory
inner join marts.customer_profile as profile on directory.customer_id = profile.customer_id
where directory.customer_id = $customer
