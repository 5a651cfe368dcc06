with features as (select * from {{ ref('customer_features') }}),

typed as (
    select
        customer_id,
        snapshot_date,
        is_sampled and {{ is_training_day('snapshot_date') }} as is_training,
        -- Who ordered in the year before can be lost; who did not, and does not subscribe, is lost already.
        case
            when is_subscriber then 'contractual'
            when recency_days < 365 then 'non_contractual'
        end as churn_type
    from features
)

select * from typed
where churn_type is not null
