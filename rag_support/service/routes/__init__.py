"""The routes of the HTTP API, a module for each group. Each route parses, calls one function, presents."""
