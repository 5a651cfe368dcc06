{#- What int_core__snapshots holds after this run: a list of {date, lake_batch, is_full, is_current, is_asked}.
    Built now (is_current): the days asked for (is_asked), for all customers; training months that are missing, for a sample; training
    months that knew less than the lake now says they should have (history that was loaded later). -#}
{% macro plan_snapshots() %}
    {%- set ledger = source('lake', 'landings') -%}
    {%- if not execute or target.name == 'lint' -%}
        {{ return([{'date': '2000-01-01', 'lake_batch': 0, 'is_full': true, 'is_current': true, 'is_asked': true}]) }}
    {%- endif -%}
    {%- set days, batch = days_to_build(), lake_batch() -%}
    {%- set training = (training_snapshots(days[0]) + training_snapshots(days[-1])) | unique | list -%}
    {%- set built = {} -%}
    {%- if is_incremental() -%}
        {%- for row in run_query("select snapshot_date, lake_batch, is_full from " ~ this).rows -%}
            {%- do built.update({row[0]: {
                'date': row[0], 'lake_batch': row[1], 'is_full': row[2], 'is_current': false, 'is_asked': false
            }}) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set landings = run_query(
        "select batch, min(min_loaded_at) from " ~ ledger ~ " where batch <= " ~ batch ~ " group by batch"
    ).rows -%}
    {%- set grace = modules.datetime.timedelta(hours=var('load_grace_hours')) -%}
    {%- for date in training -%}
        {%- set until = modules.datetime.datetime.combine(date, modules.datetime.time()) + grace -%}
        {%- set known = built.get(date, {'lake_batch': -1, 'is_full': false}) -%}
        {%- set missed = [] -%}
        {%- for landing in landings if landing[1] is not none and landing[0] > known.lake_batch and landing[1] < until -%}
            {%- do missed.append(landing[0]) -%}
        {%- endfor -%}
        {%- if missed -%}
            {%- do built.update({date: {
                'date': date, 'lake_batch': batch, 'is_full': known.is_full, 'is_current': true, 'is_asked': false
            }}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for day in days -%}
        {%- do built.update({day: {
            'date': day, 'lake_batch': batch, 'is_full': true, 'is_current': true, 'is_asked': true
        }}) -%}
    {%- endfor -%}
    {{ return(built.values() | sort(attribute='date') | list) }}
{% endmacro %}
