"""Drills: the service is harmed on purpose, many times over, and must not lose what was entrusted to it.

`python -m drills` runs them; the README beside this file tells what each one proves.
"""
