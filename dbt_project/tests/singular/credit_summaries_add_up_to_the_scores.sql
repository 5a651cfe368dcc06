{{ config(meta={'dagster': {'ref': {'name': 'credit_band_summary'}}}) }}
-- Fails if bands, tens of points or recommendations do not add up to the customers with a score.
with scores as (select count(*) as n_customers from {{ ref('credit_scores') }}),

summed as (
    select
        'credit_band_summary' as mart_name,
        sum(n_customers) as n_customers
    from {{ ref('credit_band_summary') }}
    union all
    select
        'credit_score_distribution' as mart_name,
        sum(n_customers) as n_customers
    from {{ ref('credit_score_distribution') }}
    union all
    select
        'credit_recommendation_summary' as mart_name,
        sum(n_customers) as n_customers
    from {{ ref('credit_recommendation_summary') }}
    union all
    select
        'credit_summary' as mart_name,
        sum(n_scored) as n_customers
    from {{ ref('credit_summary') }}
)

select
    summed.mart_name,
    coalesce(summed.n_customers, 0) as n_customers,
    scores.n_customers as n_scored
from summed
cross join scores
where coalesce(summed.n_customers, 0) <> scores.n_customers
