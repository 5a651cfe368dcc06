-- How many customers the filters leave.
select count(*) as n_customers
from marts.customer_directory
where
    ($search is null or contains(lower(customer_id), lower($search)))
    and ($risk is null or risk_level = $risk)
    and ($segment is null or segment_name = $segment)
    and ($tier is null or value_tier = $tier)
    and ($country is null or country = $country)
