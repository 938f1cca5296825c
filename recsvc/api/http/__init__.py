"""What every route shares: the door, bodies, parameters, headers, errors, metrics, the document."""
