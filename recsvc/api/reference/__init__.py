"""The OpenAPI document as a page for people: to read, and to try."""
