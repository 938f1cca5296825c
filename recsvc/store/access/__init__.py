"""Credentials, kept."""
