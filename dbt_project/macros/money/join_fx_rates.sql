{#- The join to int_core__fx_rates (alias fx): the rate of the row's day, as known when the row became known. -#}
{% macro join_fx_rates(rows, clock) -%}
    left join {{ ref('int_core__fx_rates') }} as fx
        on
            {{ rows }}.currency = fx.currency
            and cast({{ rows }}.{{ clock }} as date) = fx.rate_day
            and {{ rows }}.known_from >= fx.known_from
            and ({{ rows }}.known_from < fx.known_to or fx.known_to is null)
{%- endmacro %}
