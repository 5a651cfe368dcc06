"""What can go wrong while publishing."""

from __future__ import annotations


class PublishingError(Exception):
    """Nothing was switched: readers see what they saw before. The message says why and what to do."""
