-- The countries to choose from.
select country, count(*) as n_customers
from marts.customer_directory
where country is not null
group by country
order by n_customers desc, country
