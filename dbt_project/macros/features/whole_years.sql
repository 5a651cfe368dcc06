{#- Completed years from one date to another, as an age is counted. -#}
{% macro whole_years(born, on) -%}
    cast(
        extract(year from {{ on }}) - extract(year from {{ born }})
        - case
            when extract(month from {{ on }}) * 100 + extract(day from {{ on }})
                < extract(month from {{ born }}) * 100 + extract(day from {{ born }}) then 1
            else 0
        end as integer
    )
{%- endmacro %}
