-- Asked about the same customers as churn, beside which it stands.
select * from {{ ref('ml_churn__inputs') }}
