{%- set models = ['churn', 'clv', 'credit', 'next_purchase', 'segments', 'survival'] %}
{%- set columns = [
    'model_name', 'model_version', 'algorithm', 'status', 'fit_reason', 'message', 'recipe', 'fit_number', 'fitted_for',
    'horizon_days', 'feature_version', 'n_rows', 'learnt_from', 'learnt_to', 'calibrated_on', 'seed', 'settings_json',
    'features_json', 'gates_json', 'performance_json', 'importance_json', 'artifact', 'artifact_sha256',
] %}
with versions as (
    {%- for model in models %}
    select
        -- Not all of them: a scorecard has columns of its own.
        {% for column in columns -%}
        fits.{{ column }},
        {% endfor -%}
        champions.model_version is not null as is_champion,
        coalesce(champions.is_pinned, false) as is_pinned
    from {{ ref('ml_' ~ model ~ '__fit') }} as fits
    left join {{ ref('ml_' ~ model ~ '__champion') }} as champions
        on fits.model_name = champions.model_name and fits.model_version = champions.model_version
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    model_name,
    model_version,
    algorithm,
    is_champion,
    is_pinned,
    status,
    fit_reason,
    message,
    recipe,
    fit_number,
    fitted_for,
    horizon_days,
    feature_version,
    n_rows,
    learnt_from,
    learnt_to,
    calibrated_on,
    seed,
    settings_json,
    features_json,
    gates_json,
    performance_json,
    importance_json,
    octet_length(artifact) as artifact_bytes,
    artifact_sha256
from versions
