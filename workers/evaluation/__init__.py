"""Evaluation: how good the ranking is, through the very code that trains and serves."""
