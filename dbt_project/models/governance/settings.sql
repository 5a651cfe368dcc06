{#- What readers must know to read the tables; the comments in dbt_project.yml say what else moves with each. -#}
{%- set settings = [
    {'name': 'reporting_currency', 'meaning': 'Currency of all money.'},
    {'name': 'load_grace_hours', 'meaning': 'Hours after midnight in which a row may land and still count for the day.'},
    {'name': 'churn_horizon_days', 'meaning': 'Days without an order after which a customer counts as lost, and ahead of which churn is forecast.'},
    {'name': 'churn_risk_high_from', 'meaning': 'Churn probability from which the risk is high.'},
    {'name': 'churn_risk_medium_from', 'meaning': 'Churn probability from which the risk is medium.'},
    {'name': 'credit_default_horizon_days', 'meaning': 'Days ahead within which a default is forecast.'},
    {'name': 'credit_default_days_past_due', 'meaning': 'Days by which an instalment must be overdue to count as a default.'},
    {'name': 'gross_margin_share', 'meaning': 'Share of revenue that is margin, by which lifetime values are multiplied; 1 counts revenue.'},
    {'name': 'annual_discount_rate', 'meaning': 'Yearly rate at which money to come is discounted.'},
    {'name': 'timeline_days', 'meaning': 'Days before the snapshot that customer_timeline tells of.'},
] -%}
{%- for setting in settings %}
select
    '{{ setting.name }}' as setting,
    '{{ var(setting.name) }}' as setting_value,
    '{{ setting.meaning }}' as description
{{ 'union all' if not loop.last }}
{%- endfor %}
