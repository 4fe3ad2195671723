"""Question and hits to an answer, or a refusal."""
