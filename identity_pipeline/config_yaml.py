"""YAML with positions: every value remembers its line, and how it is written."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from identity_pipeline.terms.errors import Problem

Path_ = tuple[str | int, ...]
TEXT_TAG, MERGE_TAG = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"


@dataclass
class Document:
    """A YAML file read: its values, where each stands, and what is wrong with the text.

    Attributes:
        file: relative to the environment's folder.
        value: what the file says; None where it cannot be read.
        lines: the line of each value and key, by its path.
        written: each single value as the file writes it, by its path; YAML may read it otherwise.
        problems: syntax errors, keys written twice, keys that are no text.
    """

    file: str
    value: object = None
    lines: dict[Path_, int] = field(default_factory=dict)
    written: dict[Path_, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: Path_) -> int:
        """The line of a value, or of the nearest one around it that is there."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, path: Path_, message: str) -> Problem:
        """A problem with the value at a path."""
        return Problem(self.file, self.line(path), key_of(path), message)

    def named(self, word: str, below: Path_) -> Path_:
        """The path below another that a word names: as a key, as a path, or as a value.

        Case does not count; where nothing is so written, it is the path above.
        """
        spoken = {key_of(path[len(below) :]): path for path in self._below(below)}
        keys = {str(path[-1]).lower(): path for path in self._below(below)}
        values = {self.written.get(path, "").lower(): path for path in self._below(below)}
        return keys.get(word.lower()) or spoken.get(word) or values.get(word.lower()) or below

    def _below(self, above: Path_) -> Iterator[Path_]:
        depth = len(above)
        return (path for path in self.lines if len(path) > depth and path[:depth] == above)


class _Loader(yaml.SafeLoader):
    """YAML's safe loader, which says where a date is that is none (2022-13-40)."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> object:
        try:
            return super().construct_object(node, deep)
        except ValueError as error:
            message = f"'{node.value}' reads as a date or a number, but is none: put it in quotes"
            raise yaml.MarkedYAMLError(problem=message, problem_mark=node.start_mark) from error


def key_of(path: Path_) -> str:
    """A path as people write it: `tables[1].match[0].right`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def read_document(folder: Path, file: Path) -> Document:
    """Read a YAML file; what is wrong with it is in the document's problems."""
    document = Document(file.relative_to(folder).as_posix())
    try:
        text = file.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is None:
            document.problems.append(Problem(document.file, 0, "", "the file is empty"))
            return document
        _locate(document, root)
        if not document.problems:
            # S506: the loader is the safe one, with better words.
            document.value = yaml.load(text, Loader=_Loader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        document.problems.append(_syntax_problem(document.file, error))
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        message = f"a control character (code {error.character}) is no text: remove it"
        document.problems.append(Problem(document.file, line, "", message))
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        document.problems.append(Problem(document.file, line, "", "not UTF-8: save it as UTF-8"))
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        document.problems.append(Problem(document.file, 0, "", message))
    return document


def _syntax_problem(file: str, error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    text = f"not YAML: {error.problem or error.context}"
    if "'\\t'" in text:
        text = "not YAML: a tab cannot indent or separate; use blanks"
    place = f"column {mark.column + 1}: " if mark else ""
    return Problem(file, mark.line + 1 if mark else 0, "", place + text)


def _locate(document: Document, root: yaml.Node) -> None:
    """Note where every key and value stands, and what YAML would accept but we do not."""
    for path, node, fault in _walk(root, (), ()):
        line = node.start_mark.line + 1
        document.lines.setdefault(path, line)
        # A key comes before its value, under the same path: what is noted last is the value's.
        document.written.pop(path, None)
        if isinstance(node, yaml.ScalarNode):
            document.written[path] = node.value
        if fault:
            document.problems.append(Problem(document.file, line, key_of(path), fault))


def _walk(
    node: yaml.Node, path: Path_, above: tuple[int, ...]
) -> Iterator[tuple[Path_, yaml.Node, str | None]]:
    """Every key and value with its path, and what is wrong with it."""
    if id(node) in above:
        yield path, node, "the value contains itself: remove the reference (*)"
        return
    yield path, node, None
    above = (*above, id(node))
    if isinstance(node, yaml.SequenceNode):
        for place, item in enumerate(node.value):
            yield from _walk(item, (*path, place), above)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            yield (*path, name), key, _key_fault(key, name in seen)
            seen.add(name)
            yield from _walk(value, (*path, name), above)


def _key_fault(key: yaml.Node, is_repeated: bool) -> str | None:
    if not isinstance(key, yaml.ScalarNode):
        return "a key is one word, not a list or a mapping"
    if key.tag not in (TEXT_TAG, MERGE_TAG):
        return f"YAML does not read the key {key.value} as text: put it in quotes"
    if is_repeated:
        return "the key is written twice; YAML would keep the last one only"
    return None
