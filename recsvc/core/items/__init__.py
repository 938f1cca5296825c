"""What is known of items: their fields, names, topics, dates and votes."""
