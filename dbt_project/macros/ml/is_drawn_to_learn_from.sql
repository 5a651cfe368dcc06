{#- Whether a customer is among those drawn to learn from, at all snapshots alike: so many that of `n_rows` about
    `training_rows` are left. The hash is salted: `is_sampled` has drawn by the plain one already. -#}
{% macro is_drawn_to_learn_from(customer_id, n_rows) %}
    {{ hash_unit("'to learn from ' || " ~ customer_id) }} * {{ n_rows }} < {{ checked_var('training_rows', 1000, 1000000) }}
{% endmacro %}
