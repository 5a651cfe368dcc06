{#- The customers of the snapshots that this run builds. With `covered_by`, only of those snapshots at which one of these
    entities had landed: a group of features without a source holds no rows, and customer_features makes nulls of it. -#}
{% macro spine(covered_by=[]) -%}
    select * from {{ ref('int_core__customer_spine') }}
    where
        {{ in_snapshots_to_build() }}
        {%- if covered_by %}
        and snapshot_date in (
            select coverage.snapshot_date from {{ ref('int_core__coverage') }} as coverage
            where {% for entity in covered_by %}coverage.has_{{ entity }}{{ ' or ' if not loop.last }}{% endfor %}
        )
        {%- endif %}
{%- endmacro %}
