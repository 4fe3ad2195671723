"""The service: over HTTP, and as tools over standard input and output."""
