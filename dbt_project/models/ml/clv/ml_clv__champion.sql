{{ champions(ref('ml_clv__fit')) }}
