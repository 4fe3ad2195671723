"""What figures were taken on, and how busy it was with other things."""

import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import psutil

_LIBRARIES = ("faiss-cpu", "numpy", "tokenizers", "fastapi", "uvicorn", "txtai", "haystack-ai")


def machine() -> Mapping[str, Any]:
    return {
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "python": platform.python_version(),
        "libraries": {name: found for name in _LIBRARIES if (found := _version(name))},
    }


def other_load() -> Mapping[str, float]:
    """The load average of the last minute, and the share of all cores in use over half a second in which we rest."""
    return {"load_1_min": round(os.getloadavg()[0], 2), "busy_share": round(psutil.cpu_percent(0.5) / 100, 2)}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
