{#- What a characteristic's bins say of a customer, as one CASE: `field` of the bin into which the value falls, -1 being
    the bin of missing values. Bins of numbers are half-open, [lower, upper); a category that no bin names falls into the one
    without categories, or, where there is none, into the one of missing values. -#}
{% macro scorecard_case(characteristic, field='bin') -%}
    {%- set known, other = [], [] -%}
    {%- set is_text = characteristic.bins | selectattr('categories') | list -%}
    {%- for bin in characteristic.bins -%}
        {%- do (other if bin.bin == -1 else known).append(bin) -%}
    {%- endfor -%}
    case
        {%- if is_text %}
            {%- for bin in known if bin.categories %}
        when cast({{ characteristic.name }} as varchar) in (
            {%- for name in bin.categories %}'{{ name | replace("'", "''") }}'{{ ', ' if not loop.last }}{% endfor -%}
        ) then {{ bin[field] }}
            {%- endfor %}
            {%- for bin in known if not bin.categories %}
        when {{ characteristic.name }} is not null then {{ bin[field] }}
            {%- endfor %}
        else {{ other[0][field] }}
        {%- else %}
        when {{ characteristic.name }} is null then {{ other[0][field] }}
            {%- for bin in known | sort(attribute='bin') %}
                {%- if bin.upper is not none %}
        when {{ characteristic.name }} < {{ bin.upper }} then {{ bin[field] }}
                {%- else %}
        else {{ bin[field] }}
                {%- endif %}
            {%- endfor %}
        {%- endif %}
    end
{%- endmacro %}
