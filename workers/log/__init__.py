"""The event log in files: archived, read as a whole, and everything derived from it made anew."""
