{#- The sales channels whose share of orders is a feature, as orders.channel spells them. Each has its column, and so
    its description, in feat_orders. -#}
{% macro order_channels() %}
    {{ return(['web', 'app', 'store']) }}
{% endmacro %}
