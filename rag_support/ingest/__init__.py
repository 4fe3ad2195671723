"""Building an index: documents are read, cut into chunks, translated from memory, embedded and published."""
