"""What carries over HTTP: thin handlers, one error table, pages."""
