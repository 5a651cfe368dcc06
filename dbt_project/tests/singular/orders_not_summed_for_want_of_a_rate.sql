-- Fails if orders are in another currency than the reporting one and no exchange rate was known: they count as orders,
-- but their money is in no sum. Load fx_rates, or settle another reporting_currency.
{{ config(severity='warn') }}

select
    order_id,
    ordered_at
from {{ ref('int_commerce__orders') }}
where amount is null and known_to is null
