with results as (select * from {{ ref('check_results') }}),

newest as (
    select run_id
    from results
    order by evaluated_at desc, run_id asc
    limit 1
)

select
    results.run_id,
    results.check_type,
    results.status,
    count(*) as n_checks,
    max(results.evaluated_at) as evaluated_at
from results
inner join newest on results.run_id = newest.run_id
group by results.run_id, results.check_type, results.status
