"""What users say of the answers and, where the operator wants it, what they ask: kept, reported, exported."""
