{{ emotion_features('emotion_analytics') }}
