"""Every list the service answers: its shape, its words, the use cases that rank and dress it."""
