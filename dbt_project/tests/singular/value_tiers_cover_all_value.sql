-- Fails if the seed value_tiers leaves a gap, overlaps, or does not run from 0 to 1: customers would vanish or double.
with tiers as (
    select
        *,
        lag(share_to, 1, 0) over (order by share_from) as expected_from,
        lead(share_from, 1, 1) over (order by share_from) as expected_to
    from {{ ref('value_tiers') }}
)

select * from tiers
where share_from <> expected_from or share_to <> expected_to or share_from >= share_to
