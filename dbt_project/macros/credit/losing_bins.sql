{#- The bins of a scorecard that cost points, numbered from 0, by (characteristic, bin): the one that costs most first,
    of those that cost as much the first characteristic of the alphabet, then the lowest bin. `credit_scorecard` numbers
    them in the same order, from 1. -#}
{% macro losing_bins(characteristics) -%}
    {%- set losing = [] -%}
    {%- for characteristic in characteristics -%}
        {%- for bin in characteristic.bins | sort(attribute='bin') if bin.reference_points > bin.points -%}
            {%- do losing.append({
                'key': (characteristic.name, bin.bin), 'lost': bin.reference_points - bin.points
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set numbers = {} -%}
    {%- for one in losing | sort(attribute='lost', reverse=true) -%}
        {%- do numbers.update({one.key: loop.index0}) -%}
    {%- endfor -%}
    {{ return(numbers) }}
{%- endmacro %}
