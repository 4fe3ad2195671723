"""`rag-support doctor`: is everything here that the service needs, and if not, what mends it."""
