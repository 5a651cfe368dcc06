{#- The number that scorecard_code gives a bin. Ties of points lost go to the first place. -#}
{% macro code_of_bin(bin, place) -%}
    {%- set lost = bin.reference_points - bin.points -%}
    {%- if place > 63 or bin.bin > 13 or lost < -lost_offset() or lost >= 1024 - lost_offset() -%}
        {{ exceptions.raise_compiler_error(
            "the scorecard cannot be scored: " ~ bin.characteristic ~ " is characteristic " ~ (place + 1) ~ " of at most 64,"
            ~ " bin " ~ bin.bin ~ " of at most 13, and loses " ~ lost ~ " points, of which " ~ (-lost_offset()) ~ " to "
            ~ (1023 - lost_offset()) ~ " can be kept: lower the var credit_pdo, or pin another version (seed model_pins)"
        ) }}
    {%- endif -%}
    {{ return(((lost + lost_offset()) * 64 + 63 - place) + (15 if bin.bin == -2 else bin.bin + 1) * 16 ** (14 - place % 10)) }}
{%- endmacro %}
