-- Products that could be offered; a customer may fit several, so that rows do not add up.
select
    product,
    count(*) as n_customers,
    avg(credit_limit) as credit_limit_mean,
    sum(credit_limit) as credit_limit,
    min(apr_from) as apr_from,
    max(apr_to) as apr_to,
    sum(expected_loss) as expected_loss,
    sum(expected_margin) as expected_margin,
    sum(expected_loss) / nullif(sum(credit_limit), 0) as expected_loss_share
from marts.credit_offers
group by product
order by n_customers desc, product
