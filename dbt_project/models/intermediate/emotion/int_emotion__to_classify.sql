with permitted as (select * from {{ ref('int_emotion__permitted') }})

-- Once, however many purposes and consents permit it. No text: that stays in staging, where the classifier reads it.
select distinct
    emotion_event_id,
    event_known_from as known_from
from permitted
where is_to_classify and {{ var('classify_free_text') }}
