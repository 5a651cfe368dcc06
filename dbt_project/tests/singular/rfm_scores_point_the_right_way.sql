-- Fails if a customer with a higher recency score bought less recently than one with a lower score (likewise for
-- frequency and monetary value).
with buyers as (
    select * from {{ ref('customer_features') }}
    where recency_score is not null
),

{% for score, measure in {
    'recency_score': '-recency_days',
    'frequency_score': 'n_orders_lifetime',
    'monetary_score': 'spend_lifetime',
}.items() -%}
{{ score }}_bounds as (
    select
        snapshot_date,
        {{ score }} as score,
        min({{ measure }}) as lowest,
        max({{ measure }}) as highest
    from buyers
    group by snapshot_date, {{ score }}
){{ ',' if not loop.last }}

{% endfor %}
{% for score in ['recency_score', 'frequency_score', 'monetary_score'] -%}
select
    '{{ score }}' as score_name,
    better.snapshot_date,
    better.score
from {{ score }}_bounds as better
inner join {{ score }}_bounds as worse
    on better.snapshot_date = worse.snapshot_date and better.score > worse.score
where better.lowest <= worse.highest
{{ 'union all' if not loop.last }}
{% endfor %}
