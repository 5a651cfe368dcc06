with champions as ({{ champions(ref('ml_credit__fit')) }})

select
    champions.*,
    fits.scorecard_json,
    fits.pd_json
from champions
inner join {{ ref('ml_credit__fit') }} as fits
    on
        champions.model_name = fits.model_name
        and champions.model_version = fits.model_version
        and champions.fit_number = fits.fit_number
-- A pinned version of another kind has no points to give.
where fits.scorecard_json is not null
