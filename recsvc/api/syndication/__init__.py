"""Syndication: every list as RSS 2.0, Atom and JSON Feed 1.1."""
