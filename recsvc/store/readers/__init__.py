"""Profiles and everything else of readers, kept, exported and erased."""
