"""Periods of time as people write them: 30 days, 6 months."""

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from identity_pipeline.terms.base import Term

Unit = Literal["day", "week", "month", "year"]

_PERIOD = re.compile(r"^\s*(\d+)\s*(day|week|month|year)s?\s*$")


class Period(Term):
    """A number of whole days, weeks, months or years; months and years are calendar ones."""

    count: int = Field(ge=1, le=100_000)
    unit: Unit

    @property
    def days(self) -> int:
        """The period in days, a month as 30 and a year as 365, where the calendar is no matter."""
        return self.count * {"day": 1, "week": 7, "month": 30, "year": 365}[self.unit]

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'s' if self.count > 1 else ''}"


def _period(value: object) -> object:
    if isinstance(value, str):
        found = _PERIOD.match(value)
        if not found:
            raise ValueError("must be a period, as 30 days, 6 months or 1 year")
        return {"count": int(found.group(1)), "unit": found.group(2)}
    return value


# "30 days" in YAML.
PeriodText = Annotated[Period, BeforeValidator(_period)]
"""The period as YAML writes it."""
