{#- The numbers of a list, each below 16^15, as fifteen hexadecimal digits a number, one text. -#}
{% macro hexadecimal(numbers) -%}
    {{ return(adapter.dispatch('hexadecimal', 'clientele')(numbers)) }}
{%- endmacro %}

{#- A digit ahead of all keeps the text at its length. -#}
{% macro default__hexadecimal(numbers) -%}
    array_to_string(list_transform({{ numbers }}, lambda word: substr(hex(word + {{ 16 ** 15 }}), 2)), '')
{%- endmacro %}

{% macro spark__hexadecimal(numbers) -%}
    array_join(transform({{ numbers }}, word -> substr(hex(word + {{ 16 ** 15 }}), 2)), '')
{%- endmacro %}
