"""Who may do what: from a request to its caller, by keys, tokens and signed addresses."""
