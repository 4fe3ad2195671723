"""Drills: the service is harmed on purpose, many times over, and must not lose what was entrusted to it."""
