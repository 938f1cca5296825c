"""Citing: a paper as others refer to it, in the formats of reference managers and of the web."""
