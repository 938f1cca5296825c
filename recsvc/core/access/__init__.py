"""Callers, what they may, how often, and where they call from."""
