"""Tables of a site's own: items, events, and Gorse's bulk files."""
