"""Customer-support questions in Japanese, English or Chinese, answered from a Japanese guide with citations."""

__version__ = "0.1.0"

__all__ = ["__version__"]
