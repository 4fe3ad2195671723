"""The public surface is what `rag_support.__all__` lists, and importing it does no work."""

import subprocess
import sys
from types import ModuleType

import rag_support


def test_all_lists_what_there_is():
    public = {
        name
        for name, value in vars(rag_support).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }
    assert set(rag_support.__all__) == public | {"__version__"}
    assert len(set(rag_support.__all__)) == len(rag_support.__all__)


def test_version_is_the_package_s_own():
    from importlib.metadata import version

    assert rag_support.__version__ == version("rag-support")


def test_importing_the_package_or_the_command_loads_no_model_library():
    script = "import sys, rag_support, rag_support.cli; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert {"torch", "transformers", "sentence_transformers", "faiss", "numpy", "fastapi"}.isdisjoint(loaded)
