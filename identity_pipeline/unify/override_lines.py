"""The text of custom-match files: a pair found, added, taken out; all else stays as it is."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from identity_pipeline.terms.environment import CUSTOM_MATCH_COLUMNS
from identity_pipeline.terms.errors import PipelineError

# Who added a line, why, and when: beside the product's columns, for people.
NOTE_COLUMNS = ("Author", "Reason", "Written")
BYTE_ORDER_MARK = "\ufeff"


class UnreadableOverrides(PipelineError):
    """A custom-match file has no header of the product's template."""


@dataclass(frozen=True)
class Pair:
    """Two keys as a custom-match file names them: the product's table name, and the key."""

    table1: str
    key1: str
    table2: str
    key2: str

    @property
    def ends(self) -> frozenset[tuple[str, str]]:
        """The two keys; which of them is first is no matter."""
        return frozenset({(self.table1, self.key1), (self.table2, self.key2)})


@dataclass(frozen=True)
class Note:
    """Who says so, why, and when."""

    author: str
    reason: str
    written: str


@dataclass(frozen=True)
class _Record:
    """A record as it is in the file, with its values, and the line where it starts."""

    line: int
    raw: str
    values: tuple[str, ...]


def line_of(text: str, pair: Pair) -> int | None:
    """The first line that has a pair, either way round; None where there is none.

    Raises:
        UnreadableOverrides: the header lacks a column of the template.
    """
    columns, records = _parts(text)
    return next((one.line for one in records if _ends(one, columns) == pair.ends), None)


def note_at(text: str, line: int) -> Note | None:
    """What is noted of the pair in a line; None where nothing is."""
    columns, records = _parts(text)
    for one in records:
        if one.line == line:
            found = dict(zip(columns, one.values, strict=False))
            note = Note(*(found.get(name, "") for name in NOTE_COLUMNS))
            return note if note.author or note.reason else None
    return None


def with_pair(text: str, pair: Pair, note: Note) -> str:
    """A file with a pair more, as its last line; an empty text becomes a file.

    Columns of the note that it lacks are added at the end of every line. The product does not read
    them.
    """
    keys = (pair.table1, pair.key1, pair.table2, pair.key2)
    new = dict(zip(CUSTOM_MATCH_COLUMNS, keys, strict=True))
    new |= dict(zip(NOTE_COLUMNS, (note.author, note.reason, note.written), strict=True))
    if not text.strip(BYTE_ORDER_MARK + "\r\n"):
        return _line([*CUSTOM_MATCH_COLUMNS, *NOTE_COLUMNS], "\n") + _line(list(new.values()), "\n")
    columns, _ = _parts(text)
    lacking = [name for name in NOTE_COLUMNS if name not in columns]
    end = "\r\n" if "\r\n" in text else "\n"
    head, *records = _records(text)
    lines = [_longer(head, lacking, end)]
    lines += [_longer(one, [""] * len(lacking), end) for one in records]
    values = [new.get(name, "") for name in (*columns, *lacking)]
    return "".join([*lines, _line(values, end)])


def without_pair(text: str, pair: Pair) -> str:
    """A file without the lines that have a pair, either way round."""
    columns, records = _parts(text)
    gone = {one.line for one in records if _ends(one, columns) == pair.ends}
    return "".join(one.raw for one in _records(text) if one.line not in gone)


def _parts(text: str) -> tuple[tuple[str, ...], list[_Record]]:
    """The header's columns, and the records below it."""
    head, *records = [*_records(text)] or [_Record(1, "", ())]
    columns = tuple(name.removeprefix(BYTE_ORDER_MARK).strip() for name in head.values)
    if missing := [name for name in CUSTOM_MATCH_COLUMNS if name not in columns]:
        raise UnreadableOverrides(f"the header lacks {', '.join(missing)}")
    return columns, records


def _records(text: str) -> Iterator[_Record]:
    lines = list(io.StringIO(text, newline=""))
    # A mark before a quote would make the quote a part of the first name.
    unmarked = [line.removeprefix(BYTE_ORDER_MARK) for line in lines[:1]] + lines[1:]
    reader = csv.reader(unmarked, strict=True)
    start = 0
    try:
        for values in reader:
            yield _Record(start + 1, "".join(lines[start : reader.line_num]), tuple(values))
            start = reader.line_num
    except csv.Error as error:
        raise UnreadableOverrides(f"line {start + 1} cannot be read: {error}") from None


def _ends(record: _Record, columns: Sequence[str]) -> frozenset[tuple[str, str]] | None:
    found = dict(zip(columns, record.values, strict=False))
    one, key, other, other_key = (found.get(name) for name in CUSTOM_MATCH_COLUMNS)
    if one is None or key is None or other is None or other_key is None:
        return None
    return frozenset({(one, key), (other, other_key)})


def _longer(record: _Record, more: list[str], end: str) -> str:
    """A record with values more at its end; an empty line stays one."""
    body = record.raw.rstrip("\r\n")
    kept_end = record.raw[len(body) :] or end
    added = "".join(f",{value}" for value in more) if record.values else ""
    return f"{body}{added}{kept_end}"


def _line(values: list[str], end: str) -> str:
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator=end).writerow(values)
    return written.getvalue()
