"""What must never be wrong in a text: numbers with units, times, dates, telephone numbers, addresses."""

from rag_support.values.reading import Value, ValueKind, fold, missing_values, values

__all__ = ["Value", "ValueKind", "fold", "missing_values", "values"]
