{#- A view: features are stored once, in their groups. -#}
{{ config(materialized='view') }}
{%- set groups = feature_groups() %}

with spine as (select * from {{ ref('int_core__customer_spine') }}){% for group in groups %},

{{ group }}s as (select * from {{ ref(group) }})
{%- endfor %}

select
    spine.customer_id,
    spine.snapshot_date,
    spine.is_sampled,
    spine.lake_batch,
    '{{ feature_version() }}' as feature_version,
    {% for column in [
        'orders', 'order_items', 'returns', 'sessions', 'campaign_touches', 'consents', 'subscriptions',
        'usage_events', 'support_tickets', 'invoices', 'payments', 'bank_transactions', 'loans', 'repayments',
        'emotion_events',
    ] -%}
    coverage.has_{{ column }},
    {% endfor -%}
    {% for group, columns in groups.items() -%}
    {% set last_group = loop.last -%}
    {% for column in columns -%}
    {{ group }}.{{ column }}{% if not (last_group and loop.last) %},{% endif %}
    {% endfor -%}
    {% endfor %}
from spine
inner join {{ ref('int_core__coverage') }} as coverage on spine.snapshot_date = coverage.snapshot_date
{% for group in groups -%}
left join {{ group }}s as {{ group }}
    on spine.customer_id = {{ group }}.customer_id and spine.snapshot_date = {{ group }}.snapshot_date
{% endfor %}
