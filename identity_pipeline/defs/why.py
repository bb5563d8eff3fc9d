"""Why two records are one customer or not, in the terminal."""

import dataclasses
import json
from pathlib import Path

from rich.console import Console

from identity_pipeline.config import load_environment
from identity_pipeline.defs.override_files import Refused, read_text
from identity_pipeline.defs.published import open_published
from identity_pipeline.evidence.obstacles import NeverMatch
from identity_pipeline.evidence.records import UnknownRecord
from identity_pipeline.evidence.why import Explanation, why
from identity_pipeline.evidence.words import in_words
from identity_pipeline.sources.files import LandedFile
from identity_pipeline.terms.environment import Environment
from identity_pipeline.unify.override_lines import UnreadableOverrides, note_at

__all__ = ["UnknownRecord", "as_json", "print_why", "read_why"]


def read_why(folder: Path, home: Path, one: str, other: str) -> tuple[Explanation, Environment]:
    """Explain two records from the published file, with the environment that names its tables.

    Raises:
        NothingPublished: nothing was run yet.
        UnknownRecord: no record is called so, or several are.
    """
    environment = load_environment(folder.resolve())
    with open_published(environment, home) as engine:
        found = why(engine, environment, one, other)
    noted = tuple(_noted(environment.folder, pair) for pair in found.never)
    return dataclasses.replace(found, never=noted), environment


def _noted(folder: Path, pair: NeverMatch) -> NeverMatch:
    """The pair with its author and reason, if its line is still there and has them."""
    file = LandedFile(folder / pair.file, pair.file)
    try:
        note = note_at(read_text(file), pair.line)
    except (Refused, UnreadableOverrides):
        return pair
    return dataclasses.replace(pair, author=note.author, reason=note.reason) if note else pair


def as_json(explanation: Explanation) -> str:
    """The explanation for programs."""
    return json.dumps(dataclasses.asdict(explanation), default=str, indent=2)


def print_why(console: Console, explanation: Explanation, environment: Environment) -> None:
    """Print the explanation for people."""
    for line in in_words(explanation, environment):
        console.print(line, markup=False, soft_wrap=True)
