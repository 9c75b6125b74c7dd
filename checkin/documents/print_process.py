"""A process that prints badges, so that the one that asks goes on with its other work; it owns no table.

It knows nothing of the database, and so starts quickly.
"""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from multiprocessing.connection import Connection

from checkin.documents.badges import BadgeFace, PrintReport, print_badges
from checkin.errors import Refusal


class Printer:
    """What the asking process has of it."""

    def __init__(self, line: Connection) -> None:
        self._line = line

    def print(self, asked: list[BadgeFace], layout: str, *, bleed: bool) -> tuple[bytes, tuple[str, ...]]:
        """The file and the references that lack a glyph; raises what the process raised, EOFError where it died."""
        self._line.send((asked, layout, bleed))
        answer = self._line.recv()
        if isinstance(answer, Exception):
            raise answer
        content, report = answer
        return content, report.missing_glyphs


@contextmanager
def printing_process() -> Iterator[Printer]:
    """A process that prints, as long as it is needed; it ends by itself where this one dies."""
    # Spawned and not forked: threads, connections and locks stay out of it.
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there,), daemon=True)
    process.start()
    there.close()
    try:
        yield Printer(here)
    finally:
        here.close()
        process.join(timeout=5)
        process.terminate()


def _serve(line: Connection) -> None:
    while True:
        try:
            asked, layout, bleed = line.recv()
        except EOFError:
            return
        line.send(_printed(asked, layout, bleed))


def _printed(asked: list[BadgeFace], layout: str, bleed: bool) -> tuple[bytes, PrintReport] | Exception:
    out = BytesIO()
    try:
        report = print_badges(asked, out, layout=layout, bleed=bleed, on_page=lambda _: None)
    except Exception as error:
        # Told to the worker, which says what becomes of the run.
        return error if isinstance(error, Refusal | ValueError) else RuntimeError(type(error).__name__)
    return out.getvalue(), report
