"""What is learned from interactions and texts, and what a snapshot keeps of it."""
