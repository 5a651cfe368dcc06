{{ champions(ref('ml_next_purchase__fit')) }}
