"""YAML with positions: every value remembers its line."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from identity_pipeline.terms.errors import Problem

Path_ = tuple[str | int, ...]


@dataclass
class Document:
    """A YAML file read: its values, where each stands, and what is wrong with the text.

    Attributes:
        file: relative to the environment's folder.
        value: what the file says; None where it cannot be read.
        lines: the line of each value and key, by its path.
        problems: syntax errors and keys written twice.
    """

    file: str
    value: object = None
    lines: dict[Path_, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: Path_) -> int:
        """The line of a value, or of the nearest one around it that is there."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, path: Path_, message: str) -> Problem:
        """A problem with the value at a path."""
        return Problem(self.file, self.line(path), key_of(path), message)


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
        document.value = yaml.safe_load(text) if root else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"column {mark.column + 1}: " if mark else ""
        line = mark.line + 1 if mark else 0
        message = f"{place}not YAML: {error.problem or error.context}"
        document.problems.append(Problem(document.file, line, "", message))
        return document
    except (UnicodeDecodeError, ValueError) as error:
        document.problems.append(Problem(document.file, 0, "", f"cannot be read: {error}"))
        return document
    if root is None:
        document.problems.append(Problem(document.file, 0, "", "the file is empty"))
        return document
    for path, node, is_repeated in _walk(root, ()):
        document.lines.setdefault(path, node.start_mark.line + 1)
        if is_repeated:
            line = node.start_mark.line + 1
            message = "the key is written twice; YAML would keep the last one only"
            document.problems.append(Problem(document.file, line, key_of(path), message))
    return document


def _walk(node: yaml.Node, path: Path_) -> Iterator[tuple[Path_, yaml.Node, bool]]:
    """Every key and value with its path, and whether its key was there before."""
    yield path, node, False
    if isinstance(node, yaml.SequenceNode):
        for place, item in enumerate(node.value):
            yield from _walk(item, (*path, place))
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            yield (*path, name), key, name in seen
            seen.add(name)
            yield from _walk(value, (*path, name))
