"""The event log: who writes it and who reads it."""
