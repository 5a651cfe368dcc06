-- Who ordered again, by month of the first order and months since; months that still run are left out.
select
    cohort_month,
    month_number,
    cohort_size,
    n_buyers,
    retention_share,
    retention_share_lower,
    retention_share_upper,
    revenue_per_customer,
    cumulative_revenue_per_customer
from marts.cohort_retention
where
    is_complete
    and cohort_month >= (select max(cohort_month) - interval 23 month from marts.cohort_retention)
    and month_number <= 24
order by cohort_month, month_number
