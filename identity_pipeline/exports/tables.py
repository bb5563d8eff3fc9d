"""Data-out: tables of the published file, whole."""

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from identity_pipeline.exports.columns import ID
from identity_pipeline.expressions.views import another
from identity_pipeline.terms.errors import InsightError, did_you_mean
from identity_pipeline.terms.exports import TableExport


@dataclass(frozen=True)
class WholeTables:
    """Tables and whose rows are in them.

    Attributes:
        tables: name -> rows; where consent is asked, only rows of customers who agreed.
        customers: `CustomerId` of everybody with a row, whether they agreed or not.
    """

    tables: dict[str, ir.Table]
    customers: ir.Table


def whole_tables(
    export: TableExport, published: Mapping[str, ir.Table], consented: ir.Table | None
) -> WholeTables:
    """Give the tables of an export.

    Args:
        export: names the tables.
        published: all tables that there are.
        consented: `CustomerId` of those who agreed; None where consent is not asked. Rows of
            nobody, as of visitors without a profile, are then left out too.

    Raises:
        InsightError: there is no such table, or consent is asked of a table without customers.
    """
    tables: dict[str, ir.Table] = {}
    owners: list[ir.Table] = []
    for place, name in enumerate(export.tables):
        if name not in published:
            hint = did_you_mean(name, tuple(published))
            raise InsightError(("tables", place), f"no table '{name}' is published. {hint}")
        rows = published[name]
        if ID in rows.columns:
            owners.append(rows.filter(rows[ID].notnull()).select(ID))
        elif consented is not None:
            raise InsightError(
                ("tables", place),
                f"'{name}' has no {ID}, so nobody can be asked for consent: export it without "
                "'consent', or leave it out",
            )
        tables[name] = rows if consented is None else rows.semi_join(another(consented), ID)
    nobody = ibis.memtable({ID: []}, schema={ID: "string"})
    return WholeTables(tables, ibis.union(nobody, *owners, distinct=True))
