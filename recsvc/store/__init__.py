"""What remembers: the only code that talks to Redis."""
