"""Subscriptions and mails under way, kept."""
