"""The digest: what goes into a subscriber's mail, and what the mail looks like."""
