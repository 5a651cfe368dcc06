{#- The last snapshot before the one to build that this model holds for all customers, {date, lake_batch}, or none. -#}
{% macro previous_lifetime(dates, looked_up=[]) %}
    {%- set snapshots, landings = ref('int_core__snapshots'), source('lake', 'landings') -%}
    {%- if not execute or target.name == 'lint' or not is_incremental() or dates | length != 1 -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set rows = run_query(
        "select snapshots.snapshot_date, max(built.lake_batch) from " ~ this ~ " as built"
        ~ " inner join " ~ snapshots ~ " as snapshots on built.snapshot_date = snapshots.snapshot_date"
        ~ " where snapshots.is_full and snapshots.snapshot_date < cast('" ~ dates[0] ~ "' as date)"
        ~ " group by snapshots.snapshot_date order by snapshots.snapshot_date desc limit 1"
    ).rows -%}
    {%- if rows and looked_up -%}
        {%- set rewritten = run_query(
            "select count(*) from " ~ landings
            ~ " where entity in ('" ~ looked_up | join("', '") ~ "') and rows_landed > 0"
            ~ " and batch > " ~ rows[0][1] ~ " and batch <= " ~ lake_batch()
            ~ " and min_loaded_at < " ~ day(rows[0][0]) ~ " + " ~ load_grace()
        ).rows[0][0] -%}
        {%- if rewritten -%}
            {{ return(none) }}
        {%- endif -%}
    {%- endif -%}
    {{ return({'date': rows[0][0], 'lake_batch': rows[0][1]} if rows else none) }}
{% endmacro %}
