"""Progress of long work: a bar on a terminal, plain lines elsewhere."""

import sys
from typing import Any

import click


class Progress:
    """`show` is called as the work goes on; the context manager takes the bar away at the end."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._bar: Any = None
        self._stage = ""

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def show(self, stage: str, done: int, total: int) -> None:
        if stage != self._stage:
            self._close()
            self._stage = stage
            if self._terminal:
                from tqdm import tqdm

                self._bar = tqdm(desc=stage, total=total or None, leave=False)
            else:
                click.echo(f"{stage}{f' ({total})' if total else ''}", err=True)
        if self._bar is not None:
            self._bar.update(done - self._bar.n)
