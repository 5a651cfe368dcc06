-- The countries to choose from, those of most customers first.
select country
from marts.customer_directory
where country is not null
group by country
order by count(*) desc, country
