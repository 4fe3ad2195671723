"""Python, the libraries and their versions, the optional parts, the settings."""

import sys
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from rag_support.config import Settings
from rag_support.doctor.findings import Finding

_PACKAGE = "rag-support"
_CONSTRAINTS = Path(__file__).parents[2] / "constraints.txt"  # in a checkout; an installed package has none


def python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    needed = str(metadata.metadata(_PACKAGE)["Requires-Python"])
    if SpecifierSet(needed).contains(version):
        yield Finding("python", "ok", f"{version} at {sys.executable}")
    else:
        yield Finding("python", "fail", f"{version} at {sys.executable}", f"Use Python {needed}.")


def packages(constraints: Path = _CONSTRAINTS) -> Iterator[Finding]:
    """Those that the service needs: there, in a version that it takes, and in the one that it was tested with."""
    needed = [requirement for requirement in _requirements() if _applies(requirement, "")]
    missing = [str(requirement) for requirement in needed if not _met(requirement)]
    if missing:
        yield Finding("packages", "fail", f"missing: {', '.join(missing)}", "Run `make setup`, or pip install them.")
    else:
        yield Finding("packages", "ok", f"all {len(needed)} are there")
    tested = _pins(constraints)
    other = [
        f"{name} {found} (tested: {tested[name.lower()]})"
        for name in (requirement.name for requirement in needed)
        # "+cpu" and the like tell of a build, not of a version
        if (found := _version(name)) and Version(found).public != tested.get(name.lower(), Version(found).public)
    ]
    if other:
        yield Finding(
            "packages", "warn", f"other versions than tested: {', '.join(other)}",
            "Run `make setup`, or pip install with --constraint constraints.txt.",
        )  # fmt: skip


def extras() -> Iterator[Finding]:
    requirements = _requirements()
    wanted = metadata.metadata(_PACKAGE).get_all("Provides-Extra") or []
    absent = [
        extra
        for extra in wanted
        if not all(_met(requirement) for requirement in requirements if _applies(requirement, extra))
    ]
    there = ", ".join(extra for extra in wanted if extra not in absent) or "none"
    more = f"; not installed: {', '.join(absent)}, each by pip install 'rag-support[NAME]'" if absent else ""
    yield Finding("extras", "ok", f"{there}{more}")


def settings(variables: Mapping[str, str | None]) -> Iterator[Finding]:
    """`variables` are those of the environment and of `.env`. Values are not shown: one may hold a password."""
    prefix = str(Settings.model_config["env_prefix"])
    known = {f"{prefix}{name.upper()}" for name in Settings.model_fields}
    given = sorted(name for name in map(str.upper, variables) if name.startswith(prefix))
    yield Finding("settings", "ok", ", ".join(name for name in given if name in known) or "all as they come")
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, 1)
            mend = f"Did you mean {near[0]}?" if near else "The README lists the settings."
            yield Finding("settings", "warn", f"{name} is no setting", mend)


def _requirements() -> list[Requirement]:
    return [Requirement(text) for text in metadata.requires(_PACKAGE) or []]


def _applies(requirement: Requirement, extra: str) -> bool:
    """Whether it is needed for an extra here; for "", whether it always is."""
    if requirement.marker is None:
        return extra == ""
    with_extra = requirement.marker.evaluate({"extra": extra})
    return with_extra and (extra == "" or not requirement.marker.evaluate({"extra": ""}))


def _met(requirement: Requirement) -> bool:
    found = _version(requirement.name)
    return found is not None and requirement.specifier.contains(found, prereleases=True)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _pins(constraints: Path) -> dict[str, str]:
    if not constraints.is_file():
        return {}
    lines = (line.partition("==") for line in constraints.read_text(encoding="utf-8").splitlines())
    return {name.lower(): version for name, sign, version in lines if sign}
