"""From the log to a model that the gate lets pass."""
