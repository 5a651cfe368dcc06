-- What features mean, and what they are.
select feature, description, data_type
from governance.feature_catalog
