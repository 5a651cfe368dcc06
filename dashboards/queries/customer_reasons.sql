-- Why: what moves the churn probability of one customer most. Of a text a score keeps a number, the profile the text.
with reasons as (
    select
        customer_id,
        unnest([1, 2, 3]) as reason_rank,
        unnest([reason_1, reason_2, reason_3]) as reason,
        unnest([reason_1_value, reason_2_value, reason_3_value]) as reason_value,
        unnest([reason_1_effect, reason_2_effect, reason_3_effect]) as effect,
        unnest([reason_1_direction, reason_2_direction, reason_3_direction]) as direction
    from marts.customer_churn
    where customer_id = $customer
)

select
    reasons.reason,
    reasons.reason_value,
    case reasons.reason
        when 'customer_type' then profile.customer_type
        when 'country' then profile.country
        when 'region' then profile.region
        when 'language' then profile.language
        when 'acquisition_channel' then profile.acquisition_channel
        when 'industry' then profile.industry
        when 'top_category' then profile.preferred_category
    end as reason_text,
    reasons.effect,
    reasons.direction
from reasons
left join marts.customer_profile as profile on reasons.customer_id = profile.customer_id
order by reasons.reason_rank
