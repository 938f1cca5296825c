"""Snapshots and what training remembers, kept."""
