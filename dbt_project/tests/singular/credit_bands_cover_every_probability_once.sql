-- Fails if a probability of default would fall into no band or into several, so that customers were lost or doubled.
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
    pd_from <> coalesce(pd_before, 0)
    or (pd_after is null and pd_to <= 1)
