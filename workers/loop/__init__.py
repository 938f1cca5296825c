"""How the loop fares: counted from what was shown and done, and guarded."""
