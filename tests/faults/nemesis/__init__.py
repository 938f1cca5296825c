"""A real service under load, somebody who breaks it, and promises compared with what is there."""
