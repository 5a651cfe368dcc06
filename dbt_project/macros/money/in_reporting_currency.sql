{#- An amount in the reporting currency; null where its rate was not known. Needs join_fx_rates. -#}
{% macro in_reporting_currency(rows, column) -%}
    case
        when coalesce({{ rows }}.currency, '{{ var("reporting_currency") }}') = '{{ var("reporting_currency") }}'
            then {{ rows }}.{{ column }}
        else cast({{ rows }}.{{ column }} * fx.rate as decimal(18, 4))
    end as {{ column }}
{%- endmacro %}
