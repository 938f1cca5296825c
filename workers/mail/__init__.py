"""Mails: what is due, made and handed to a relay."""
