"""Searching customers by what their text columns say."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.terms import tables
from identity_pipeline.terms.errors import PipelineError
from identity_pipeline.terms.names import TableName

MOST_HITS = 20

# Columns that say nothing of a customer that one would search for.
_NOT_SEARCHED = ("CustomerId", "IdentityStatus", "PreviousCustomerId")
_BETWEEN_WORDS = r"[\s-]+"


class NothingToSearch(PipelineError):
    """The text has no word."""


@dataclass(frozen=True)
class Hit:
    """A customer that was found.

    Attributes:
        customer_id, status: who it is.
        matched: how many different parts of the searched text were found.
        fields: the columns in which any part was found.
    """

    customer_id: str
    status: str
    matched: int
    fields: Mapping[str, str]


def search(engine: Engine, text: str) -> tuple[Hit, ...]:
    """Customers with any part of a text in any of their text columns, upper or lower case.

    Parts are what is between blanks and hyphens, as in the product. Best first: those with more
    different parts, then with more of them as whole words, then by CustomerId.

    Args:
        engine: has the published file open.
        text: what is searched for.

    Returns:
        At most 20 customers.

    Raises:
        NothingToSearch: only blanks and hyphens.
    """
    parts = sorted({part.lower() for part in re.split(_BETWEEN_WORDS, text) if part})
    if not parts:
        raise NothingToSearch(f"'{text}' has nothing to search for; give a word or a part of one")
    customers = engine.table(TableName("main", tables.CUSTOMER.name))
    columns = [
        name
        for name, kind in customers.schema().items()
        if kind.is_string() and name not in _NOT_SEARCHED
    ]
    found = _ranked(customers, columns, parts).limit(MOST_HITS)
    hits = []
    for customer, status, matched, *values in engine.rows(found):
        fields = {
            name: str(value)
            for name, value in zip(columns, values, strict=True)
            if value is not None and any(part in str(value).lower() for part in parts)
        }
        hits.append(Hit(str(customer), str(status), int(str(matched)), fields))
    return tuple(hits)


def _ranked(customers: ir.Table, columns: list[str], parts: list[str]) -> ir.Table:
    # One text a customer is searched in, instead of each column for each part. No part has a blank
    # or a hyphen, so none is found across two columns.
    words = [
        customers[name].fill_null("").lower().re_replace("[ \t\r\n-]+", " ") for name in columns
    ]
    whole = reduce(lambda one, other: one + "  " + other, words, ibis.literal(" "))
    read = customers.mutate(_words=whole + " ")
    inside = [read["_words"].contains(part).cast("int64") for part in parts]
    as_words = [read["_words"].contains(f" {part} ").cast("int64") for part in parts]
    ranked = read.select(
        "CustomerId",
        "IdentityStatus",
        *columns,
        _matched=reduce(add, inside),
        _whole=reduce(add, as_words),
    )
    ranked = ranked.filter(ranked["_matched"] > 0)
    ordered = ranked.order_by(ranked["_matched"].desc(), ranked["_whole"].desc(), "CustomerId")
    return ordered.select("CustomerId", "IdentityStatus", "_matched", *columns)
