{#- What a customer's value of a characteristic comes to, as one CASE of whole numbers, so that a sum of them holds
    everything that a score stores: the points lost against the reference and the place of the characteristic in the lowest 20 bits, and
    above them a hexadecimal digit for the bin at the characteristic's place among the ten of its word: 0 for a missing value,
    F for a category that no bin names, else the number of the bin plus one.

    Bins of numbers are half-open, [lower, upper); bin -1 is that of missing values, -2 that of other categories. -#}
{% macro scorecard_code(characteristic, place) -%}
    {%- set name = characteristic.name -%}
    {%- set known = characteristic.bins | selectattr('bin', 'ge', 0) | sort(attribute='bin') -%}
    {%- set missing = characteristic.bins | selectattr('bin', 'equalto', -1) | first -%}
    {%- set others = characteristic.bins | selectattr('bin', 'equalto', -2) | list -%}
    {%- set of_text = known | selectattr('categories') | list -%}
    case
        when {{ name }} is null then {{ code_of_bin(missing, place) }}
        {%- if of_text %}
            {%- for bin in of_text %}
        when cast({{ name }} as varchar) in (
                {%- for category in bin.categories %}'{{ category | replace("'", "''") }}'{{ ', ' if not loop.last }}{% endfor -%}
        ) then {{ code_of_bin(bin, place) }}
            {%- endfor %}
        {%- else %}
            {%- for bin in known if bin.upper is not none %}
        when cast({{ name }} as double) < {{ bin.upper }} then {{ code_of_bin(bin, place) }}
            {%- endfor %}
        {%- endif %}
        else {{ code_of_bin((others or [missing])[0] if of_text or not known else known[-1], place) }}
    end
{%- endmacro %}
