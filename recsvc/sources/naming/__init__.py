"""By which names a paper goes, and which records are one paper."""
