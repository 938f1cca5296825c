"""Experiments: who is shown what, and what may be said of the difference at any time."""
