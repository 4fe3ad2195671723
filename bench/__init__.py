"""How quick the service is, how large, and how both grow; see README.md here. `make bench` runs it."""
