{{ champions(ref('ml_segments__fit')) }}
