"""What carries over time: ingest, archive, training, mail, erasure and export."""
