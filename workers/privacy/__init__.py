"""What is kept of readers, shown to them and erased."""
