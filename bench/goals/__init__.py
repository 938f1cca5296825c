"""The goals of ranking quality, measured through the shipped code on public data sets."""
