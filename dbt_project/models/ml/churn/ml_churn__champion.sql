{{ champions(ref('ml_churn__fit')) }}
