{#- The rates of campaigns with their bounds (95 %), from summed impressions, clicks, conversions, revenue and cost. -#}
{% macro campaign_rates() -%}
    {{ ratio('clicks', 'impressions') }} as ctr,
    {{ wilson('clicks', 'impressions', 'lower') }} as ctr_lower,
    {{ wilson('clicks', 'impressions', 'upper') }} as ctr_upper,
    {{ ratio('conversions', 'clicks') }} as conversion_share,
    {{ wilson('conversions', 'clicks', 'lower') }} as conversion_share_lower,
    {{ wilson('conversions', 'clicks', 'upper') }} as conversion_share_upper,
    {{ ratio('cost', 'clicks') }} as cpc,
    {{ ratio('cost', count_bound('clicks', 'upper')) }} as cpc_lower,
    {{ ratio('cost', count_bound('clicks', 'lower')) }} as cpc_upper,
    {{ ratio('revenue', 'cost') }} as roas,
    {{ ratio('revenue', 'cost') }} * {{ ratio(count_bound('conversions', 'lower'), 'conversions') }} as roas_lower,
    {{ ratio('revenue', 'cost') }} * {{ ratio(count_bound('conversions', 'upper'), 'conversions') }} as roas_upper
{%- endmacro %}
