"""How good the models are, against hidden truth and public data."""
