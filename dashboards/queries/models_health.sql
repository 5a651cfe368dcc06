-- Sources, checks and models at a glance.
select *
from governance.data_health
