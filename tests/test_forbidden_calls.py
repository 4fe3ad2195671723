"""Calls that let data run as code, or reach out of the machine, stand nowhere in the code; each would be noticed."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CODE = [
    folder for folder in (ROOT / name for name in ("rag_support", "training", "drills", "bench")) if folder.is_dir()
]

# Data that is loaded by these may run as code.
UNSAFE_MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "shelve", "marshal", "joblib"}
UNSAFE_CALLS = {
    "eval", "exec", "compile", "__import__",
    "torch.load", "torch.hub.load", "pandas.read_pickle", "pd.read_pickle",
    "os.system", "os.popen", "tempfile.mktemp", "subprocess.getoutput", "subprocess.getstatusoutput",
    "yaml.load", "yaml.load_all", "yaml.unsafe_load", "yaml.unsafe_load_all", "yaml.full_load", "yaml.full_load_all",
    "xml.etree.ElementTree.parse", "xml.etree.ElementTree.fromstring",
}  # fmt: skip
UNSAFE_ARGUMENTS = {"trust_remote_code": True, "allow_pickle": True, "shell": True}
SAFE_YAML = {"yaml.SafeLoader", "yaml.CSafeLoader", "SafeLoader", "CSafeLoader"}

# What serves or builds reaches out for nothing; asking a language model is what an OpenAI client is for.
FETCHING_MODULES = {"requests", "urllib.request", "urllib3", "http.client", "ftplib", "aiohttp", "httpx"}
MAY_FETCH = {
    "rag_support/evaluation",  # asks a server that is under evaluation
    "rag_support/doctor",  # asks whether its own port is taken by this service
}


def named(node: ast.expr) -> str:
    """`a.b.c` of an expression, "" where it is none."""
    if isinstance(node, ast.Name):
        return node.id
    return f"{named(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else ""


def forbidden(source: str, *, may_fetch: bool = False) -> Iterator[tuple[int, str]]:
    """(line, what stands there) of everything that must not."""
    modules = UNSAFE_MODULES | (set() if may_fetch else FETCHING_MODULES)
    tree = ast.parse(source)
    called_by = {}  # name here → full name
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            called_by |= {alias.asname: alias.name for alias in node.names if alias.asname}
            imported = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            called_by |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            imported = [str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        yield from ((node.lineno, name) for name in imported if name in modules or name.split(".")[0] in modules)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        first, _, rest = named(node.func).partition(".")
        name = ".".join(filter(None, (called_by.get(first, first), rest)))
        loaders = [named(argument) for argument in (*node.args[1:], *(word.value for word in node.keywords))]
        safely = name in ("yaml.load", "yaml.load_all") and any(loader in SAFE_YAML for loader in loaders)
        if name in UNSAFE_CALLS and not safely:
            yield node.lineno, name
        for word in node.keywords:
            if word.arg in UNSAFE_ARGUMENTS and not (
                isinstance(word.value, ast.Constant) and word.value.value is False
            ):
                yield node.lineno, f"{word.arg}={ast.unparse(word.value)}"


def test_the_code_holds_none():
    found = [
        f"{path.relative_to(ROOT)}:{line}: {what}"
        for folder in CODE
        for path in sorted(folder.rglob("*.py"))
        for line, what in forbidden(
            path.read_text(encoding="utf-8"),
            may_fetch=any(path.is_relative_to(ROOT / place) for place in MAY_FETCH) or folder.name != "rag_support",
        )
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "import dill as safe",
        "import shelve",
        "import marshal",
        "import joblib",
        "import torch\ntorch.load('a.pt')",
        "import torch as t\nt.load('a.pt')",
        "from torch import load\nload('a.pt')",
        "from torch import load as fetch\nfetch('a.pt')",
        "import torch\ntorch.hub.load('a', 'b')",
        "import yaml\nyaml.load(text)",
        "import yaml\nyaml.load(text, yaml.Loader)",
        "import yaml\nyaml.load(text, Loader=yaml.FullLoader)",
        "import yaml\nyaml.unsafe_load(text)",
        "from yaml import full_load\nfull_load(text)",
        "eval('1')",
        "exec('pass')",
        "compile('1', 'a', 'eval')",
        "__import__('os')",
        "AutoModel.from_pretrained('a', trust_remote_code=True)",
        "AutoModel.from_pretrained('a', trust_remote_code=trusted)",
        "import numpy as np\nnp.load('a.npy', allow_pickle=True)",
        "import subprocess\nsubprocess.run('ls', shell=True)",
        "import subprocess\nsubprocess.getoutput('ls')",
        "import os\nos.system('ls')",
        "from os import system\nsystem('ls')",
        "import os\nos.popen('ls')",
        "import tempfile\ntempfile.mktemp()",
        "import requests",
        "import urllib.request",
        "from urllib import request",
        "from urllib.request import urlopen",
        "import httpx",
        "import http.client",
        "from xml.etree import ElementTree\nElementTree.parse('a')",
    ],
)
def test_each_would_be_noticed(source):
    assert list(forbidden(source))


@pytest.mark.parametrize(
    "source",
    [
        "import re\nre.compile('a')",
        "import yaml\nyaml.safe_load(text)",
        "import yaml\nyaml.load(text, Loader=yaml.SafeLoader)",
        "import numpy as np\nnp.load('a.npy', allow_pickle=False)",
        "AutoModel.from_pretrained('a', trust_remote_code=False)",
        "import subprocess\nsubprocess.run(['ls'])",
        "from urllib.parse import quote",
        "model.eval()",
        "index.load('a')",
    ],
)
def test_what_is_harmless_is_let_be(source):
    assert list(forbidden(source)) == []
