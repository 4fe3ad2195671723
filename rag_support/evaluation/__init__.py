"""How good are the answers, in each language, and is a change better or worse? Offline, without a judge."""
