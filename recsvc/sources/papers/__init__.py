"""Papers: one file per archive that publishes them."""
