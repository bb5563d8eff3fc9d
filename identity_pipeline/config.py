"""Reading an environment: a folder of YAML becomes frozen terms, or one error with all problems."""

import re
from collections import Counter
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from identity_pipeline.config_insight_references import insight_problems
from identity_pipeline.config_insights import KINDS, InsightFiles, insight_documents
from identity_pipeline.config_references import Found, reference_problems
from identity_pipeline.config_yaml import Document, Path_, read_document
from identity_pipeline.terms import names
from identity_pipeline.terms.base import Name, Term
from identity_pipeline.terms.environment import Environment, override_files
from identity_pipeline.terms.errors import ConfigError, Problem, did_you_mean
from identity_pipeline.terms.event_tables import shared_device_faults
from identity_pipeline.terms.rules import Normalization
from identity_pipeline.terms.sources import INGESTION_DATE, SourceTable
from identity_pipeline.terms.unification import Overrides, Unification
from identity_pipeline.terms.wording import (
    PREFERENCE_KINDS,
    keys_at,
    message_of,
    preference_message,
)

UNIFY, SOURCES = "unify.yaml", "sources"


def load_environment(folder: Path) -> Environment:
    """Read a folder of YAML.

    A file with problems of its own does not hide those of the others: what names a source that
    cannot be read is left unchecked, the rest is checked.

    Args:
        folder: has `unify.yaml` and `sources/*.yaml`; its name is the environment's.

    Raises:
        ConfigError: with every problem, each with file, line, key and remedy.
    """
    documents, problems = _documents(folder)
    sources: dict[str, SourceTable] = {}
    by_source: dict[str, Document] = {}
    unreadable: set[str] = set()
    for document in documents:
        if document.file == UNIFY:
            continue
        source = _term(SourceTable, document, problems)
        if source is None:
            unreadable |= _likely_names(document)
        elif source.name in sources:
            other = by_source[source.name].file
            problems.append(document.problem(("name",), f"'{source.name}' is in {other} too"))
        else:
            sources[source.name], by_source[source.name] = source, document
    unify_document = next((d for d in documents if d.file == UNIFY), None)
    unify = _term(Unification, unify_document, problems) if unify_document else None
    reserved = override_files(unify.overrides) if unify else ()
    problems += _source_problems(sources, by_source, reserved)
    insights = _insights(folder, problems)
    if unify is None or unify_document is None:
        raise ConfigError(problems)
    name = folder.resolve().name
    parts = {"name": name, "folder": folder, "sources": sources, "unify": unify}
    environment = Environment.model_validate(parts | insights.fields)
    problems += reference_problems(environment, unify_document, unreadable)
    found = _override_problems(unify.overrides)
    problems += [unify_document.problem(path, text) for path, text in found]
    if not problems:  # what a broken source or rule would bring in its train is not said
        problems += insight_problems(environment, insights.documents)
        faults = shared_device_faults(environment)
        problems += [unify_document.problem(path, text) for path, text in faults]
    if problems:
        raise ConfigError(problems)
    return environment


def source_problem(environment: Environment, table: str, path: Path_, message: str) -> Problem:
    """A problem of a source that shows only when its columns are typed, with its file and line."""
    folder = environment.folder
    documents = (read_document(folder, file) for file in sorted((folder / SOURCES).glob("*.yaml")))
    document = next(d for d in documents if d.written.get(("name",)) == table)
    return document.problem(path, message)


def insight_problem(environment: Environment, file: str, path: Path_, message: str) -> Problem:
    """A problem of an insight that shows only when columns are typed, with its file and line."""
    return insight_documents(environment.folder)[file].problem(path, message)


def _documents(folder: Path) -> tuple[list[Document], list[Problem]]:
    if not folder.is_dir():
        message = "there is no such folder; name an environment with --environment"
        raise ConfigError([Problem(str(folder), 0, "", message)])
    problems: list[Problem] = []
    try:
        TypeAdapter(Name).validate_python(folder.resolve().name)
    except ValidationError:
        message = "the folder's name is the environment's: small letters, digits and underscores"
        problems.append(Problem(folder.resolve().name, 0, "", message))
    files = sorted((folder / SOURCES).glob("*.yaml"))
    if not files:
        problems.append(Problem(f"{SOURCES}/", 0, "", "there is no source: add a file a table"))
    if (folder / UNIFY).is_file():
        files.append(folder / UNIFY)
    else:
        problems.append(Problem(UNIFY, 0, "", "the file is missing; it says how tables unify"))
    known = {*files, *(folder / name for name in KINDS)}
    for stray in sorted({*folder.glob("*.y*ml"), *(folder / SOURCES).glob("*.yml")} - known):
        name = stray.relative_to(folder).as_posix()
        message = f"not read: known files are {UNIFY}, {', '.join(KINDS)} and {SOURCES}/*.yaml"
        problems.append(Problem(name, 0, "", message))
    return [read_document(folder, file) for file in files], problems


def _insights(folder: Path, problems: list[Problem]) -> InsightFiles:
    files = InsightFiles(insight_documents(folder))
    for name, document in files.documents.items():
        if (term := _term(KINDS[name], document, problems)) is not None:
            files.add(term)
    return files


T = TypeVar("T", bound=Term)


def _term(kind: type[T], document: Document, problems: list[Problem]) -> T | None:
    """The document as a term; what does not fit is added to the problems."""
    if document.problems:
        problems += document.problems
        return None
    try:
        return kind.model_validate(document.value)
    except ValidationError as error:
        found = _misfits(kind, document, error)
        problems += [document.problem(path, text) for path, text in found.items()]
        return None


def _misfits(kind: type[Term], document: Document, error: ValidationError) -> dict[Path_, str]:
    """What does not fit, one message a place."""
    found = _undeclared(document) if kind is SourceTable else {}
    repeats_those = bool(found)
    for details in error.errors(include_url=False):
        path, message = _misfit(kind, document, details)
        # A list whose entries do not fit counts as empty; the first undeclared column hides more.
        hides = details["type"] == "too_short" and details["input"]
        if hides or (repeats_those and path == () and "has no column" in message):
            continue
        # Of a union's complaints, the one about text says how to write the value.
        if path not in found or details["type"] == "string_type":
            found[path] = message
    for path in [path for path, text in found.items() if text.startswith("unknown key")]:
        word, known = str(path[-1]), keys_at(kind, path[:-1])
        for meant in get_close_matches(word, known, n=1):
            if found.get((*path[:-1], meant), "").endswith("is missing"):
                del found[*path[:-1], meant]
    return found


def _misfit(kind: type[Term], document: Document, details: ErrorDetails) -> tuple[Path_, str]:
    for place, step in enumerate(details["loc"]):
        if step in PREFERENCE_KINDS:
            path, value = _walk(document.value, details["loc"][:place], is_missing=False)
            return path, preference_message(value)
    path, _ = _walk(document.value, details["loc"], is_missing=details["type"] == "missing")
    message = message_of(kind, path, details, document.written.get(path))
    if details["type"] == "value_error":
        sentence = message.split(". ")[0]
        for word in reversed(re.findall(r"'([^']*)'", sentence)):
            if (named := document.named(word, path)) != path:
                return named, message
    return path, message


_ABSENT = object()


def _walk(value: object, location: Path_, is_missing: bool) -> tuple[Path_, object]:
    """Where in the document: the validator names kinds and variants too, the document not."""
    path: Path_ = ()
    is_told = False
    for place, step in enumerate(location, start=1):
        # A filter's kind comes before its keys, and may be spelt as one of them.
        if path[:1] == ("row_filter",) and isinstance(value, dict) and not is_told:
            is_told = True
            continue
        inside = _member(value, step)
        if inside is not _ABSENT:
            value, is_told = inside, False
        elif not is_missing or place < len(location):
            continue
        path = (*path, step)
    return path, value


def _member(value: object, step: str | int) -> object:
    """What a mapping or list has at a key or place, if anything."""
    if isinstance(value, dict):
        return value.get(step, _ABSENT)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return _ABSENT


def _undeclared(document: Document) -> dict[Path_, str]:
    """Every column that a source names but does not declare, each in its place."""
    declared = _member(document.value, "columns")
    if not isinstance(declared, dict):
        return {}
    table = document.written.get(("name",), "")
    return {
        path: f"table '{table}' has no column '{word}'. {did_you_mean(word, tuple(declared))}"
        for path, word in document.written.items()
        if _names_a_column(path) and word and word not in declared
    }


def _names_a_column(path: Path_) -> bool:
    match path:
        case ("primary_key" | "updated_on",) | ("profile", "primary_key"):
            return True
        case ("profile", "columns", int()) | ("row_filter", *_, "column"):
            return True
    return False


def _likely_names(document: Document) -> set[str]:
    """What a source that cannot be read may be called: as it says, or as its file."""
    stem = Path(document.file).stem
    return {stem, document.written.get(("name",), stem)}


def _source_problems(
    sources: Mapping[str, SourceTable], documents: Mapping[str, Document], reserved: Collection[str]
) -> list[Problem]:
    """What is wrong between sources: names that are taken.

    Args:
        sources: by name, each valid for itself.
        documents: the document of each source.
        reserved: the names of the files of overrides.
    """
    found: list[Problem] = []
    # Key columns of Customer are made of both names, and do not tell them apart by case.
    products = Counter((s.data_source.lower(), s.table.lower()) for s in sources.values())
    for name, source in sources.items():
        if name in reserved:
            text = f"'{name}' is the name of a file of overrides; choose another"
            found.append(documents[name].problem(("name",), text))
        if names.matches(name) == names.OVERRIDES:
            text = f"the table {names.OVERRIDES} of custom matches is in the way; choose another"
            found.append(documents[name].problem(("name",), text))
        if products[source.data_source.lower(), source.table.lower()] > 1:
            text = f"another source is {source.data_source} {source.table} too"
            found.append(documents[name].problem(("table",), text))
        for place, column in enumerate(source.profile.columns if source.profile else ()):
            if column.startswith("_"):
                text = f"'{column}' cannot be selected: names with '_' first are the pipeline's own"
                found.append(documents[name].problem(("profile", "columns", place), text))
    return found


def _override_problems(asked: Overrides) -> Found:
    """Files of overrides that never arrive, and lists that take a normalization's name."""
    lists = [("bypass", asked.bypass), ("alias", asked.alias)]
    files: dict[Path_, str | None] = {("never_match",): asked.never_match}
    files[("always_match",)] = asked.always_match
    files |= {(kind, name): file for kind, named in lists for name, file in named.items()}
    for path, pattern in files.items():
        if path[-1] in list(Normalization):
            yield ("overrides", *path), f"'{path[-1]}' is a normalization; choose another"
        if pattern and INGESTION_DATE not in pattern:
            text = f"'{pattern}' needs {INGESTION_DATE} where the date's folder is"
            yield ("overrides", *path), text
