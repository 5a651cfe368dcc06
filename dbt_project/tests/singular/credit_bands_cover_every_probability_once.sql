-- Fails if a probability of default would fall into no band or into several, so that customers were lost or doubled; if
-- there are no bands, too.
with bands as (select * from {{ ref('credit_bands') }}),

compared as (
    select
        pd_from,
        pd_to,
        lag(pd_to) over (order by pd_from) as pd_before,
        lead(pd_from) over (order by pd_from) as pd_after
    from bands
)

select * from compared
where
    pd_from is distinct from coalesce(pd_before, 0)
    or (pd_after is null and coalesce(pd_to <= 1, true))
union all
select
    null as pd_from,
    null as pd_to,
    null as pd_before,
    null as pd_after
from (select count(*) as n_bands from bands) as counted
where n_bands = 0
