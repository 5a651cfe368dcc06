"""Speed of the warehouse against hand-written references: ``python -m bench``."""
