{#- One bound, `lower` or `upper`, of an area under the ROC curve (95 %): its variance by Hanley & McNeil (1982), from the area
    `auc`, of `n` rows of which the share `base_rate` had the outcome. Null where all had it, or nobody. -#}
{% macro auc_bound(side) -%}
    {%- set variance -%}
        (
            auc * (1 - auc)
            + (n * base_rate - 1) * (auc / (2 - auc) - auc * auc)
            + (n * (1 - base_rate) - 1) * (2 * auc * auc / (1 + auc) - auc * auc)
        ) / (n * base_rate * n * (1 - base_rate))
    {%- endset -%}
    case
        when auc is not null and base_rate > 0 and base_rate < 1
            then {{ 'greatest' if side == 'lower' else 'least' }}(
                auc {{ '-' if side == 'lower' else '+' }} 1.959964 * sqrt(greatest({{ variance }}, 0)), {{ 0 if side == 'lower' else 1 }}
            )
    end
{%- endmacro %}
