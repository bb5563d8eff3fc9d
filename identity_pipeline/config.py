"""Reading an environment: a folder of YAML becomes frozen terms, or one error with all problems."""

import re
import typing
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from identity_pipeline.config_references import reference_problems, reference_warnings
from identity_pipeline.config_yaml import Document, Path_, read_document
from identity_pipeline.terms.base import Term
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.errors import ConfigError, Problem, did_you_mean
from identity_pipeline.terms.sources import SourceTable
from identity_pipeline.terms.unification import Unification

UNIFY, SOURCES = "unify.yaml", "sources"
NAME = re.compile(r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")

# What pydantic calls things, in words for people.
WORDS = {
    "missing": "is missing",
    "string_type": "must be text; put it in quotes",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "float_parsing": "must be a number or a share such as 5%",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "too_short": "must not be empty",
    "union_tag_not_found": "needs a 'kind'",
}


def load_environment(folder: Path) -> Environment:
    """Read a folder of YAML.

    Args:
        folder: has `unify.yaml` and `sources/*.yaml`.

    Raises:
        ConfigError: with every problem, each with file, line, key and remedy.
    """
    documents, problems = _documents(folder)
    sources: dict[str, SourceTable] = {}
    by_source: dict[str, Document] = {}
    unify: Unification | None = None
    for document in documents:
        if document.problems:
            problems += document.problems
        elif document.file == UNIFY:
            unify = _term(Unification, document, problems)
        elif source := _term(SourceTable, document, problems):
            if source.name in sources:
                other = by_source[source.name].file
                problems.append(document.problem(("name",), f"'{source.name}' is in {other} too"))
            sources[source.name], by_source[source.name] = source, document
    unify_document = next((d for d in documents if d.file == UNIFY), None)
    if unify is None or unify_document is None or problems:
        raise ConfigError(problems)
    environment = Environment(name=folder.name, folder=folder, sources=sources, unify=unify)
    found = reference_problems(environment, unify_document, by_source)
    if found:
        raise ConfigError(found)
    return environment


def warnings(environment: Environment) -> list[Problem]:
    """What is allowed but probably not meant."""
    document = read_document(environment.folder, environment.folder / UNIFY)
    return reference_warnings(environment, document)


def _documents(folder: Path) -> tuple[list[Document], list[Problem]]:
    if not folder.is_dir():
        message = "there is no such folder; name an environment with --environment"
        raise ConfigError([Problem(str(folder), 0, "", message)])
    problems: list[Problem] = []
    if not NAME.match(folder.name):
        message = "the folder's name names tables: small letters, digits and underscores"
        problems.append(Problem(folder.name, 0, "", message))
    files = sorted((folder / SOURCES).glob("*.yaml"))
    if not files:
        problems.append(Problem(f"{SOURCES}/", 0, "", "there is no source: add a file a table"))
    if (folder / UNIFY).is_file():
        files.append(folder / UNIFY)
    else:
        problems.append(Problem(UNIFY, 0, "", "the file is missing; it says how tables unify"))
    for stray in sorted({*folder.glob("*.y*ml"), *(folder / SOURCES).glob("*.yml")} - {*files}):
        name = stray.relative_to(folder).as_posix()
        message = f"not read: known files are {UNIFY} and {SOURCES}/*.yaml"
        problems.append(Problem(name, 0, "", message))
    return [read_document(folder, file) for file in files], problems


T = TypeVar("T", bound=Term)


def _term(kind: type[T], document: Document, problems: list[Problem]) -> T | None:
    """The document as a term; what does not fit is added to the problems."""
    try:
        return kind.model_validate(document.value)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            path = _path(details, document)
            problems.append(document.problem(path, _message(kind, path, details)))
        return None


def _path(details: ErrorDetails, document: Document) -> Path_:
    """Where in the document: pydantic names union members and functions too, the document not."""
    path: list[str | int] = []
    value: object = document.value
    *_, last = details["loc"] or ("",)
    for step in details["loc"]:
        inside = _member(value, step)
        if inside is not _ABSENT:
            value = inside
        elif details["type"] != "missing" or step != last:
            continue
        path.append(step)
    return tuple(path)


_ABSENT = object()


def _member(value: object, step: str | int) -> object:
    """What a mapping or list has at a key or place, if anything."""
    if isinstance(value, dict):
        return value.get(step, _ABSENT)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return _ABSENT


def _message(kind: type[Term], path: Path_, details: ErrorDetails) -> str:
    context = details.get("ctx", {})
    match details["type"]:
        case "extra_forbidden":
            word = str(details["loc"][-1])
            return f"unknown key '{word}'. {did_you_mean(word, _keys(kind, path[:-1]))}"
        case "literal_error" | "enum":
            known = tuple(re.findall(r"'([^']*)'", str(context.get("expected", ""))))
            return (
                f"'{details['input']}' is not known. {did_you_mean(str(details['input']), known)}"
            )
        case "union_tag_invalid":
            known = tuple(re.findall(r"'([^']*)'", str(context.get("expected_tags", ""))))
            return (
                f"'{context.get('tag')}' is not known. {did_you_mean(str(context['tag']), known)}"
            )
        case "value_error":
            return str(context.get("error", details["msg"]))
        case "string_pattern_mismatch":
            return f"'{details['input']}' does not fit {context.get('pattern')}"
        case name:
            return WORDS.get(name, details["msg"][:1].lower() + details["msg"][1:])


def _keys(kind: type[Term], path: Path_) -> tuple[str, ...]:
    """The keys that a mapping at a path of the document may have."""
    kinds: list[Any] = [kind]
    for step in path:
        kinds = [inner for outer in kinds for inner in _inside(outer, step)]
    names = [
        field.alias or name
        for model in kinds
        if isinstance(model, type) and issubclass(model, BaseModel)
        for name, field in model.model_fields.items()
    ]
    return tuple(dict.fromkeys(names))


def _inside(kind: Any, step: str | int) -> list[Any]:
    """The types that may stand at a key or index of a type."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = kind.model_fields
        found = [f.annotation for name, f in fields.items() if step in (name, f.alias)]
        return [plain for annotation in found for plain in _plain(annotation)]
    return [plain for argument in typing.get_args(kind)[-1:] for plain in _plain(argument)] or (
        [plain for argument in typing.get_args(kind)[:1] for plain in _plain(argument)]
    )


def _plain(annotation: Any) -> list[Any]:
    """An annotation without Annotated, optional and union around it; containers stay."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _plain(typing.get_args(annotation)[0])
    if origin in (typing.Union, UnionType):
        return [plain for part in typing.get_args(annotation) for plain in _plain(part)]
    if origin is tuple:
        return [tuple[typing.get_args(annotation)[0]]]  # type: ignore[misc]
    return [annotation]
