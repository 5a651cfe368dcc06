"""Faults, for real: what a warehouse is put through, and what must hold afterwards."""
