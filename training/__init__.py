"""The recipe of the shipped trilingual embedding model: data → tokenizer → token ids → table → model folder → figures.

Run it with `python -m training`; README.md says what each stage does. Nothing in `rag_support` imports this package.
"""
