{{ config(meta={'dagster': {'ref': {'name': 'credit_reason_texts'}}}) }}
-- Fails if a characteristic that scores has no words, so that a customer would be refused without being told why.
select distinct scorecard.characteristic
from {{ ref('credit_scorecard') }} as scorecard
left join {{ ref('credit_reason_texts') }} as texts on scorecard.characteristic = texts.characteristic
where scorecard.is_champion and texts.characteristic is null
