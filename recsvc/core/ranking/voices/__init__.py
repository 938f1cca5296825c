"""Who proposes items for a feed: one source per file, each a score for every row."""
