"""What every term of the configuration has in common: frozen, and strict about its keys."""

import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints


class Term(BaseModel):
    """A piece of configuration: frozen once it is read, and strict about its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


# Asset and table names: what Dagster, DuckDB and a tired reader all accept without quotes.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=60)]
# The product's names of data sources and tables: a letter, then letters, digits, underscores.
ProductName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=60)]
# A column as its file's header writes it.
ColumnName = Annotated[str, StringConstraints(min_length=1, max_length=120)]

_SHARE = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*%\s*$")


def _share(value: object) -> object:
    if isinstance(value, str) and (percent := _SHARE.match(value)):
        return float(percent.group(1)) / 100
    return value


# "1%" in YAML, 0.01 in Python.
Share = Annotated[float, BeforeValidator(_share)]
