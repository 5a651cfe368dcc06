-- Settings of the warehouse that readers must know of.
select setting, setting_value, description
from governance.settings
order by setting
