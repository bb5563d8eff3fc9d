"""What can only be checked with the types of columns at hand."""

from identity_pipeline.config_yaml import read_document
from identity_pipeline.expressions.filters import bind
from identity_pipeline.expressions.types import schema_of
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.errors import FilterError, Problem


def filter_problems(environment: Environment) -> list[Problem]:
    """Row filters that name an unknown column, or compare a column with another kind of value."""
    found: list[Problem] = []
    for file in sorted((environment.folder / "sources").glob("*.yaml")):
        document = read_document(environment.folder, file)
        name = document.value.get("name") if isinstance(document.value, dict) else None
        source = environment.sources.get(str(name))
        if source is None or source.row_filter is None:
            continue
        try:
            bind(schema_of(source), source.row_filter)
        except FilterError as error:
            found.append(document.problem(("row_filter",), str(error)))
    return found
