-- How far each trait of a segment stands from the other segments.
select segment_name, trait, trait_mean, standing, snapshot_date, model_version
from marts.segment_traits
order by segment_name, trait
