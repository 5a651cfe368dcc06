-- Consents of one customer to emotion analytics, as they are known now.
select valid_from, valid_to
from governance.gov_consent_asof
where customer_id = $customer and purpose = 'emotion_analytics' and known_to is null
order by valid_from
