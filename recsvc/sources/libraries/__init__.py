"""Readers' libraries: one file per reference manager's format."""
