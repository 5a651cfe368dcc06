-- Bands: customers, scores, and the mean probability of default with its bounds.
select *
from marts.credit_band_summary
order by band
