-- How recommendations fall on groups of a protected attribute, with intervals (95 %): the one compared with, then by ratio.
select
    protected_attribute,
    group_value,
    compared_with,
    n_customers,
    is_large_enough,
    approval_rate,
    approval_rate_lower,
    approval_rate_upper,
    adverse_impact_ratio,
    adverse_impact_ratio_lower,
    adverse_impact_ratio_upper,
    expected_default_rate,
    expected_default_rate_lower,
    expected_default_rate_upper,
    default_rate,
    default_rate_lower,
    default_rate_upper
from governance.fairness_credit
where ($attribute is null or protected_attribute = $attribute)
order by protected_attribute, group_value = compared_with desc, adverse_impact_ratio desc nulls last, group_value
