-- What features mean.
select feature, description
from governance.feature_catalog
