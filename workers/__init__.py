"""What carries over time: ingest, archive and training."""
