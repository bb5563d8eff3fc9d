"""The header of a delivered file, checked by name against the declared columns."""

from collections import Counter
from collections.abc import Sequence

from identity_pipeline.sources.files import LandedFile
from identity_pipeline.terms.errors import did_you_mean
from identity_pipeline.terms.sources import SourceTable

_DELIMITERS = {",": "','", ";": "';'", "\t": "a tab", "|": "'|'", ":": "':'", " ": "a blank"}


def check_header(
    file: LandedFile, line: int, names: Sequence[str], wanted: Sequence[str]
) -> dict[str, int]:
    """Where each wanted column is; the order of a header is no matter.

    Where none of them is there the first line may be data, so its text is not shown.

    Raises:
        LandingError: a wanted column is missing, a name is there twice, or the line does not look
            like a header of this table.
    """
    twice = [name for name, times in Counter(names).items() if name and times > 1]
    found = [name for name in wanted if name in names]
    if not found:
        raise file.fault(line, _no_header(names, wanted))
    if twice:
        raise file.fault(line, f"the header names '{twice[0]}' more than once. Name columns apart.")
    missing = [name for name in wanted if name not in names]
    if missing:
        others = [name for name in names if name not in wanted and name]
        listed = ", ".join(f"'{name}'" for name in missing)
        raise file.fault(
            line,
            f"the header lacks {listed}. Of its other columns: {did_you_mean(missing[0], others)}",
        )
    return {name: list(names).index(name) for name in wanted}


def passed_over(names: Sequence[str], source: SourceTable) -> str:
    """Say which columns of the file are not declared; empty if all are."""
    extra = [name or "(no name)" for name in names if name not in source.columns]
    return f"Not declared, so not loaded: {', '.join(extra)}." if extra else ""


def _no_header(names: Sequence[str], wanted: Sequence[str]) -> str:
    text = names[0] if len(names) == 1 else ""
    for delimiter, shown in _DELIMITERS.items():
        parts = {part.strip().strip('"') for part in text.split(delimiter)}
        if len(parts) > 1 and parts & set(wanted):
            return f"looks delimited by {shown}. Set 'format.delimiter'."
    if "\x00" in "".join(names):
        return "holds NUL bytes and none of the declared columns. Set 'format.encoding', as utf-16."
    return (
        "the first line has none of the declared columns; is the header missing? "
        f"Declared: {', '.join(wanted)}."
    )
