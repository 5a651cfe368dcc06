-- Fails if a cell of recency, frequency and monetary scores has no segment, or more than one.
with scores as (
    {% for score in range(1, 6) -%}
    select {{ score }} as score
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

cells as (
    select
        r.score as recency_score,
        f.score as frequency_score,
        m.score as monetary_score
    from scores as r
    cross join scores as f
    cross join scores as m
)

select
    cells.recency_score,
    cells.frequency_score,
    cells.monetary_score,
    count(rules.segment) as n_segments
from cells
left join {{ ref('rfm_segments') }} as rules
    on
        cells.recency_score between rules.recency_from and rules.recency_to
        and cells.frequency_score between rules.frequency_from and rules.frequency_to
        and cells.monetary_score between rules.monetary_from and rules.monetary_to
group by cells.recency_score, cells.frequency_score, cells.monetary_score
having count(rules.segment) <> 1
