"""Who gets which mail and when, and what a refusal means."""
