"""Finding a user's function, and telling what it raised without telling what it was given."""

import importlib
import inspect
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, TracebackType

import pyarrow as pa

from identity_pipeline.enrichment.frames import FunctionFailed, Place
from identity_pipeline.terms.errors import InsightError, did_you_mean

# What stands for a word that may be a customer's.
HIDDEN = "…"
# Quoted words that Python's own messages use, and that are nobody's.
_TYPES = frozenset(
    (
        *("str", "int", "float", "bool", "NoneType", "NAType", "list", "dict", "tuple", "set"),
        *("bytes", "date", "datetime", "Timestamp", "Decimal", "Series", "DataFrame", "Int64"),
    )
)
_WORD = re.compile(r"\w+")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")

Function = Callable[[object], object]


def function_of(folder: Path, place: Place) -> Function:
    """The function that `module:name` names.

    The environment's folder is on the path while the module is imported, and its modules are
    forgotten afterwards: another environment may have a module of the same name.

    Raises:
        InsightError: no such module, or no such function in it.
        FunctionFailed: the module raised an exception while it was imported.
    """
    module_name, _, name = place.function.partition(":")
    with _importable(folder), Failure(place):
        module = _imported(module_name, folder)
    found = getattr(module, name, None)
    if not callable(found):
        known = [n for n, _ in inspect.getmembers(module, inspect.isfunction)]
        hint = did_you_mean(name, known)
        raise InsightError(("function",), f"module '{module_name}' has no '{name}'. {hint}")
    function: Function = found
    return function


def _imported(module_name: str, folder: Path) -> ModuleType:
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name or module_name
        by = "" if module_name.startswith(missing) else f", which '{module_name}' imports"
        raise InsightError(
            ("function",),
            f"there is no module '{missing}'{by}. Put {missing.split('.')[0]}.py into "
            f"'{folder.name}', or install its package.",
        ) from None


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    before, writes_nothing = set(sys.modules), sys.dont_write_bytecode
    entry = str(folder)
    # A folder of configuration is no place for __pycache__.
    sys.dont_write_bytecode = True
    sys.path.insert(0, entry)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(entry)
        sys.dont_write_bytecode = writes_nothing
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None)
            if file and Path(file).is_relative_to(folder):
                del sys.modules[name]


class Failure:
    """Turns whatever a user's code raises into FunctionFailed.

    The code is the user's, so any exception may come of it, and all of them are the user's to mend.

    Args:
        place: the enrichment and its function.
        given: the values that the code was given, to keep them out of the message.
        names: names that may be told.
    """

    def __init__(
        self, place: Place, given: pa.Table | None = None, names: Sequence[str] = ()
    ) -> None:
        self._place = place
        self._given = given
        self._names = _TYPES.union(names)

    def __enter__(self) -> None:
        """Begin to listen."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Say what was raised, and where."""
        if isinstance(error, InsightError) or not isinstance(error, Exception | SystemExit):
            return
        told = without_data(str(error), self._given, self._names)
        words = [type(error).__name__, *([told] if told else [])]
        frame = _own_frame(trace, self._place)
        where = f" in line {frame.lineno} of {Path(frame.filename).name}" if frame else ""
        raise FunctionFailed(f"{self._place} failed{where}: {': '.join(words)}") from None


def _own_frame(trace: TracebackType | None, place: Place) -> traceback.FrameSummary | None:
    """The deepest frame in the user's own module."""
    module = place.function.partition(":")[0].rpartition(".")[2]
    own = [one for one in traceback.extract_tb(trace) if Path(one.filename).stem == module]
    return own[-1] if own else None


def without_data(message: str, given: pa.Table | None, names: frozenset[str]) -> str:
    """A message in which words that may be a customer's are hidden.

    Hidden are quoted words that are no names of columns or types, words with a digit, and every
    word of the values that the function was given.
    """
    values = _words_of(given) if given is not None else frozenset()

    def quoted(match: re.Match[str]) -> str:
        return match.group() if match.group()[1:-1] in names else HIDDEN

    def word(match: re.Match[str]) -> str:
        text = match.group()
        is_told = text in names or not (text.casefold() in values or re.search(r"\d", text))
        return text if is_told else HIDDEN

    shown = _WORD.sub(word, _QUOTED.sub(quoted, message))
    return re.sub(rf"{HIDDEN}(\W?{HIDDEN})+", HIDDEN, shown)


def _words_of(given: pa.Table) -> frozenset[str]:
    texts = (
        value
        for column in given.columns
        for value in column.cast(pa.string()).unique().to_pylist()
        if value
    )
    return frozenset(word.casefold() for text in texts for word in _WORD.findall(text))
