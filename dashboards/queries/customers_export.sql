-- All customers that the filters leave, with the publication and the versions of the models that scored each.
select
    directory.*,
    scores.churn_model_version,
    scores.clv_model_version,
    scores.segment_model_version,
    $publication as publication
from marts.customer_directory as directory
left join marts.customer_risk_scores as scores on directory.customer_id = scores.customer_id
where
    ($search is null or contains(lower(directory.customer_id), lower($search)))
    and ($risk is null or directory.risk_level = $risk)
    and ($segment is null or directory.segment_name = $segment)
    and ($tier is null or directory.value_tier = $tier)
    and ($country is null or directory.country = $country)
