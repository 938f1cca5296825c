"""Asking archives themselves, politely."""
