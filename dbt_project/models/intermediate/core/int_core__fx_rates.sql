{{ config(materialized='table') }}

with rates as (
    select * from {{ ref('stg_core__fx_rates') }}
    where to_currency = '{{ var("reporting_currency") }}'
),

-- A rate serves its own day and the days after it on which none is quoted.
ages as (
    {% for age in range(var('fx_rate_max_age_days') + 1) -%}
    select {{ age }} as age_days{{ ' union all ' if not loop.last }}
    {% endfor %}
),

candidates as (
    select
        rates.from_currency,
        {{ add_days('rates.rate_date', 'ages.age_days') }} as rate_day,
        rates.rate_date,
        rates.rate,
        rates.known_from
    from rates
    cross join ages
),

compared as (
    select
        *,
        max(rate_date) over (
            partition by from_currency, rate_day
            order by known_from, rate_date
            rows between unbounded preceding and 1 preceding
        ) as best_before
    from candidates
)

select
    from_currency as currency,
    rate_day,
    rate_date,
    rate,
    known_from,
    lead(known_from) over (partition by from_currency, rate_day order by known_from, rate_date) as known_to
from compared
where best_before is null or rate_date >= best_before
