-- Fails if the seed value_tiers leaves a gap, overlaps, or does not run from 0 to 1: customers would vanish or double.
with tiers as (
    select
        *,
        lag(share_to, 1, 0) over (order by share_from) as expected_from,
        lead(share_from, 1, 1) over (order by share_from) as expected_to
    from {{ ref('value_tiers') }}
)

-- Counted, as a seed without rows leaves all of it out.
select count(*) as n_tiers
from tiers
having
    count(*) = 0
    or count(*) <> count(
        case when share_from = expected_from and share_to = expected_to and share_from < share_to then 1 end
    )
