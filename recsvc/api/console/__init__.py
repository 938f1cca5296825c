"""The console: what whoever runs the service sees of it, and the few things they may do there."""
