{{ champions(ref('ml_survival__fit')) }}
