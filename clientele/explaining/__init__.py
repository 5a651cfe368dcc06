"""Why a customer has the credit score they have: what was used, the points, the reasons, from stored rows alone."""

from clientele.explaining.shown import lines
from clientele.explaining.stored import CannotExplainError, Explanation, explain

__all__ = ["CannotExplainError", "Explanation", "explain", "lines"]
