"""What must never be wrong in a text: numbers with units, times, dates, telephone numbers, addresses."""

from rag_support.values.reading import Mention, Value, ValueKind, fold, mentions, missing_values, values, without_values

__all__ = ["Mention", "Value", "ValueKind", "fold", "mentions", "missing_values", "values", "without_values"]
