"""What one process holds in memory of items, models and words, and how it follows the store."""
