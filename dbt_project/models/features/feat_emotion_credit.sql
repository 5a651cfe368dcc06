{{ emotion_features('emotion_credit') }}
