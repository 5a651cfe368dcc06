-- Products that could be offered; a customer may fit several, so that rows do not add up.
select *
from marts.credit_offer_summary
order by n_customers desc, product
