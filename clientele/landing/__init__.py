"""Raw exports into the lake: typed, checked, every refused row with its reason."""

from clientele.landing.errors import LandingError
from clientele.landing.loader import load
from clientele.landing.report import EntityReport, LoadReport

__all__ = ["EntityReport", "LandingError", "LoadReport", "load"]
