select * from {{ ref('ml_credit__scorecard') }}
