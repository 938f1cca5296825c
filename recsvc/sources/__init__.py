"""What brings in: one file per format; a format is recognised by its content, not its name."""
