{#- A number in [0, 1) drawn from the md5 of a text: the same on every engine. -#}
{% macro hash_unit(text) -%}
    {{ return(adapter.dispatch('hash_unit')(text)) }}
{%- endmacro %}

{% macro default__hash_unit(text) -%}
    (cast(cast('0x' || substr(md5({{ text }}), 1, 7) as bigint) as double) / 268435456)
{%- endmacro %}

{% macro spark__hash_unit(text) -%}
    (cast(conv(substr(md5({{ text }}), 1, 7), 16, 10) as double) / 268435456)
{%- endmacro %}
