"""A process that reads a list, with bounds on its memory and time that no file can make it pass; it owns no table.

What XLSX files hold is known only once it is unpacked, and then it may be too late for the process that unpacked it.
"""

import multiprocessing
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection

from checkin.domain.import_runs import MOST_ROWS, ROWS_IN_A_PIECE, Line
from checkin.errors import Refusal
from checkin.organisers.imports import File, Note, filled_rows, guessed_fields, read_header, read_table

# A hundred thousand rows of twelve columns as XLSX take 400 MB and 25 seconds.
MOST_MEMORY = 1_000 * 1024**2
MOST_SECONDS = 120


@dataclass(frozen=True)
class Head:
    """What a list's columns are called, some of their values, our field of each, and notes on what was guessed."""

    header: tuple[str, ...]
    samples: list[list[str]]
    fields: list[str]
    notes: list[Note]


# Each column is shown with so many of its values, and so much of each.
SAMPLES, LONGEST_SAMPLE = 3, 60


@contextmanager
def reading_process(file: File, *, most_memory: int = MOST_MEMORY) -> Iterator[Iterator[Head | list[Line]]]:
    """What a process reads: the head, then the rows part by part; raises Refusal for what is no list.

    The process ends by itself where this one dies.
    """
    # Spawned and not forked: threads, connections and locks stay out of it.
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, most_memory), daemon=True)
    process.start()
    there.close()
    try:
        here.send(file)
        yield _received(here)
    finally:
        here.close()
        process.join(timeout=5)
        process.terminate()


def _received(line: Connection) -> Iterator[Head | list[Line]]:
    while True:
        try:
            part = line.recv()
        except EOFError as error:
            # It died at its bounds.
            raise _too_big() from error
        if isinstance(part, Refusal):
            raise part
        if part is None:
            return
        yield part


def _too_big() -> Refusal:
    return Refusal("list_too_big", "The list unpacks to too much. Save the sheet as CSV UTF-8.")


def _serve(line: Connection, most_memory: int) -> None:
    file = line.recv()
    resource.setrlimit(resource.RLIMIT_AS, (most_memory, most_memory))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        for part in read_parts(file):
            line.send(part)
        line.send(None)
    except Refusal as refusal:
        line.send(refusal)
    except MemoryError:
        line.send(_too_big())


def read_parts(file: File) -> Iterator[Head | list[Line]]:
    """The head, then the rows part by part; raises Refusal."""
    table, notes = read_table(file)
    header, sample = read_header(table, name=file.name)
    fields, more = guessed_fields(header, sample)
    samples = [_samples(sample, index) for index in range(len(header))]
    yield Head(header, samples, [fields.get(index, "") for index in range(len(header))], notes + more)
    rows = islice(filled_rows(table), 1, None)
    read = 0
    while part := list(islice(rows, ROWS_IN_A_PIECE)):
        read += len(part)
        if read > MOST_ROWS:
            raise Refusal(
                "list_too_long",
                f"{file.name} has more than {MOST_ROWS} rows: split it into several lists.",
                extra={"most": MOST_ROWS},
            )
        yield part


def _samples(rows: list[list[str]], index: int) -> list[str]:
    """The first values of a column that differ."""
    values = (" ".join(cells[index].split())[:LONGEST_SAMPLE] for cells in rows if index < len(cells))
    return list(islice(dict.fromkeys(filter(None, values)), SAMPLES))
