"""Quality of matches: the truth to compare customers with, and what to say of source columns."""

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from identity_pipeline.terms.base import Share, Term

# Of a truth table; Person may be missing: the record is nobody's.
TRUTH_COLUMNS = ("DataSource", "Table", "Key", "Person")
TRUTH_ENDINGS = (".csv", ".csv.gz", ".parquet")

# Which records numbers of quality are about: all of them, or those of tables whose rows are
# profiles themselves. The visitors that a table of events names are not among the latter.
ALL, CUSTOMER_RECORDS = "all", "customer_records"

# The least score of a histogram's parts, in tenths; the last one holds 1.0 too.
SCORE_PARTS = 10


def _is_inside(path: str) -> str:
    if not path.lower().endswith(TRUTH_ENDINGS):
        raise ValueError(f"'{path}' is no truth table: it ends in {', '.join(TRUTH_ENDINGS)}")
    if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
        raise ValueError(f"'{path}' must be in the environment's folder, and is relative to it")
    return path


class Quality(Term):
    """How good matches are; nothing of it changes a customer.

    Attributes:
        truth: a CSV or Parquet file that says whose each record is, relative to the environment:
            `DataSource`, `Table`, `Key`, `Person`.
        min_precision, min_recall: the check warns below these shares of pairs; judged on customer
            records, not on the visitors that events name. None asks for nothing.
        profiles: of which columns the sources are profiled: `all`, those that take part in
            unification (`unified`), or `none`.
    """

    truth: Annotated[str, AfterValidator(_is_inside)] | None = None
    min_precision: Annotated[Share, Field(ge=0, le=1)] | None = None
    min_recall: Annotated[Share, Field(ge=0, le=1)] | None = None
    profiles: Literal["all", "unified", "none"] = "all"
