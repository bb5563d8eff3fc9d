"""What can only be checked with the types of columns at hand."""

from identity_pipeline.config import source_problem
from identity_pipeline.expressions.check import filter_problems
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.errors import ConfigError


def check_types(environment: Environment) -> None:
    """Bind the row filters of all sources to their columns' types.

    Raises:
        ConfigError: a filter names an unknown column, or compares it with another kind of value.
    """
    found = [
        source_problem(environment, name, place, text)
        for name, source in environment.sources.items()
        for place, text in filter_problems(source)
    ]
    if found:
        raise ConfigError(found)
