"""The errors a user can meet; each message says where, what and the remedy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches


class PipelineError(Exception):
    """Anything that the user can mend; shown without a traceback."""


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong with the configuration.

    Attributes:
        file: the file, relative to the environment's folder.
        line: the line in it, counted from 1; 0 where the file itself is the problem.
        key: the path of the value, as `tables[1].match[0].conditions[0].right`.
        message: what is wrong and how to mend it.
    """

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}, {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


class ConfigError(PipelineError):
    """The environment cannot be used; lists every problem at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        count = len(self.problems)
        heading = "1 problem" if count == 1 else f"{count} problems"
        super().__init__("\n".join([f"{heading} in the configuration:", *map(str, self.problems)]))


class LandingError(PipelineError):
    """A delivered file cannot be read; its rows are not loaded, other files' rows are."""


class RowsLost(PipelineError):
    """Rows in are not rows accepted plus rows rejected; a defect, so nothing is loaded."""


class SchemaChanged(PipelineError):
    """A column's declared type is not the type its earlier deliveries were stored with."""


class FilterError(PipelineError):
    """A filter names an unknown column, or compares a column with a value of another kind.

    Attributes:
        column: the column as the filter writes it.
        operator: the operator, as `gt`; empty where the column itself is the problem.
    """

    def __init__(self, column: str, operator: str, message: str) -> None:
        self.column = column
        self.operator = operator
        super().__init__(message)


class InsightError(PipelineError):
    """A measure, segment, enrichment or export names what is not there, or does not fit it.

    Attributes:
        place: where in the term that was built (`rule`, `except`, 0, `Title`, `gt`).
    """

    def __init__(self, place: tuple[str | int, ...], message: str) -> None:
        self.place = place
        super().__init__(message)


class MissingTable(PipelineError, KeyError):
    """A table is not stored yet: what makes it did not run, or failed."""

    def __str__(self) -> str:
        return str(self.args[0])


class WarehouseBusy(PipelineError):
    """Another run holds the warehouse."""


class AuditFailed(PipelineError):
    """A check that must hold did not; the transaction was rolled back, the old tables stay."""


class NoConvergence(PipelineError):
    """Rounds did not settle within their bound; a defect, never a matter of data size."""


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Name what the user may have meant, and list what there is."""
    near = get_close_matches(word, known, n=1, cutoff=0.6) or [
        name for name in known if name.lower() == word.lower()
    ]
    listing = f"Known: {', '.join(known)}." if known else "There are none."
    return f"Did you mean '{near[0]}'? {listing}" if near else listing
