{#- The rates of campaigns with their bounds (95 %), from summed impressions, clicks, conversions, revenue_amount and cost_amount. -#}
{% macro campaign_rates() -%}
    {{ ratio('clicks', 'impressions') }} as ctr,
    {{ share_bound('clicks', 'impressions', 'lower') }} as ctr_lower,
    {{ share_bound('clicks', 'impressions', 'upper') }} as ctr_upper,
    {{ ratio('conversions', 'clicks') }} as conversion_share,
    {{ share_bound('conversions', 'clicks', 'lower') }} as conversion_share_lower,
    {{ share_bound('conversions', 'clicks', 'upper') }} as conversion_share_upper,
    {{ ratio('cost_amount', 'clicks') }} as cpc,
    {{ ratio('cost_amount', count_bound('clicks', 'upper')) }} as cpc_lower,
    {{ ratio('cost_amount', count_bound('clicks', 'lower')) }} as cpc_upper,
    {{ ratio('revenue_amount', 'cost_amount') }} as roas,
    {{ ratio('revenue_amount', 'cost_amount') }} * {{ ratio(count_bound('conversions', 'lower'), 'conversions') }} as roas_lower,
    {{ ratio('revenue_amount', 'cost_amount') }} * {{ ratio(count_bound('conversions', 'upper'), 'conversions') }} as roas_upper
{%- endmacro %}
