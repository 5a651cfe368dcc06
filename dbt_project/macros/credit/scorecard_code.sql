{#- What a customer's value of a characteristic comes to, as one CASE that gives several numbers at once, such that their
    sums over the characteristics hold all that a score stores:

    points   of the bin;
    bin      a hexadecimal digit at the characteristic's place among the fifteen of its word: 0 for a missing value, F
             for a category that no bin names, else the number of the bin plus one;
    lost_w   the bit of the bin in word w, of 63 bits, of the bins that cost points (see losing_bins); 0 elsewhere.

    Bins of numbers are half-open, [lower, upper); bin -1 is that of missing values, -2 that of other categories. -#}
{% macro scorecard_code(characteristic, place, losing) -%}
    {%- set name = characteristic.name -%}
    {%- set known = characteristic.bins | selectattr('bin', 'ge', 0) | sort(attribute='bin') -%}
    {%- set missing = characteristic.bins | selectattr('bin', 'equalto', -1) | first -%}
    {%- set others = characteristic.bins | selectattr('bin', 'equalto', -2) | list -%}
    {%- set of_text = known | selectattr('categories') | list -%}
    {%- set code = {} -%}
    {%- for bin in characteristic.bins -%}
        {%- if bin.bin > 13 -%}
            {{ exceptions.raise_compiler_error(
                "the scorecard cannot be scored: " ~ name ~ " has a bin " ~ bin.bin ~ ", and 0 to 13 can be kept: pin"
                ~ " another version (seed model_pins)"
            ) }}
        {%- endif -%}
        {%- set numbers = {
            'points': bin.points, 'bin': (15 if bin.bin == -2 else bin.bin + 1) * 16 ** (14 - place % 15)
        } -%}
        {%- set number = losing.get((name, bin.bin), -1) -%}
        {%- for word in range((losing | length + 62) // 63) -%}
            {%- do numbers.update({'lost_' ~ word: 2 ** (number % 63) if number // 63 == word else 0}) -%}
        {%- endfor -%}
        {%- do code.update({bin.bin: whole_numbers(numbers)}) -%}
    {%- endfor -%}
    case
        when {{ name }} is null then {{ code[-1] }}
        {%- if of_text %}
            {%- for bin in of_text %}
        when cast({{ name }} as varchar) in (
                {%- for category in bin.categories %}'{{ category | replace("'", "''") }}'{{ ', ' if not loop.last }}{% endfor -%}
        ) then {{ code[bin.bin] }}
            {%- endfor %}
        {%- else %}
            {%- for bin in known if bin.upper is not none %}
        when cast({{ name }} as double) < {{ bin.upper }} then {{ code[bin.bin] }}
            {%- endfor %}
        {%- endif %}
        else {{ code[((others or [missing])[0] if of_text or not known else known[-1]).bin] }}
    end
{%- endmacro %}
