"""Searching: what of an item can be found, and how the words of a query ask for it."""
