{#- An amount in the reporting currency, rounded to four places; null where its rate was not known. Needs join_fx_rates.
    Rounded by hand: engines disagree about which way a double that lies between two decimals goes. -#}
{% macro in_reporting_currency(rows, column) -%}
    case
        when coalesce({{ rows }}.currency, '{{ var("reporting_currency") }}') = '{{ var("reporting_currency") }}'
            then {{ rows }}.{{ column }}
        else cast(floor(cast({{ rows }}.{{ column }} as double) * fx.rate * 10000 + 0.5) / 10000 as decimal(18, 4))
    end as {{ column }}
{%- endmacro %}
