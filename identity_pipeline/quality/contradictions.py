"""Contradictions: customers whose source records disagree in a unified column."""

from collections.abc import Collection, Iterator

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.conditions import as_text
from identity_pipeline.expressions.views import another
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment


def store_contradictions(
    engine: Engine, environment: Environment, changed: Collection[str] | None = None
) -> None:
    """Store the customers that contradict themselves.

    Args:
        engine: has customers and their records.
        environment: the unified columns.
        changed: which of CONSOLIDATED and CUSTOMERS, as `schema.table`, have changed since what is
            stored was made; None where that is unknown, or it was made otherwise.
    """
    if changed is None:
        engine.store(names.CONTRADICTIONS, contradictions(engine, environment))
        return
    keys, alternate = engine.table(names.KEYS), engine.table(names.ALTERNATE_KEY)
    parts = [alternate.select("CustomerId").filter(ibis.literal(False))]
    if str(names.CUSTOMERS) in changed:
        parts.append(engine.table(names.CUSTOMERS_TOUCHED))
    if str(names.CONSOLIDATED) in changed:
        theirs = keys.semi_join(engine.table(names.RECORDS_TOUCHED), "record")
        held = another(alternate).semi_join(theirs, ibis._.Identifier == theirs.identifier)
        parts.append(held.select("CustomerId"))
    customers = engine.keep(ibis.union(*parts, distinct=True))
    held = alternate.semi_join(customers, "CustomerId")
    records = keys.semi_join(held, keys.identifier == held.Identifier).select("record").distinct()
    found = engine.keep(contradictions(engine, environment, engine.keep(records)))
    engine.amend(names.CONTRADICTIONS, "CustomerId", customers, found)


def contradictions(
    engine: Engine, environment: Environment, records: ir.Table | None = None
) -> ir.Table:
    """Find customers with several values of a unified column among their source records.

    All records count, winners and alternates. Case, blanks and the marks . ( ) + / - do not, or
    every phone number would contradict itself; a missing value contradicts nothing.

    Args:
        engine: has customers and their records.
        environment: the unified columns.
        records: the records to look at, `record`; None for all.

    Returns:
        One row a customer and column: `CustomerId`, `column_name`, `distinct_values` (at least 2).
    """
    columns = tuple(_unified(environment))
    consolidated = engine.table(names.CONSOLIDATED)
    if records is not None:
        consolidated = consolidated.semi_join(records, "record")
    rows = [
        part
        for table in environment.unify.order
        for part in _rows(engine, environment, table, consolidated)
    ]
    every = ibis.union(*rows) if len(rows) > 1 else rows[0]
    # The smallest and the largest text differ where any two do: far cheaper than counting values.
    differ = every.group_by("record").aggregate(
        **{_differs(name): every[name].min() != every[name].max() for name in columns}
    )
    doubtful = differ.filter(ibis.or_(*(differ[_differs(name)] for name in columns)))
    few = another(every).join(doubtful, "record")
    values = ibis.array([_value(few, name) for name in columns])
    long = few.select("record", one=values.filter(lambda value: value.notnull()).unnest())
    long = long.select("record", column_name=long.one["column_name"], text=long.one["text"])
    counted = long.group_by("record", "column_name").aggregate(distinct_values=long.text.nunique())
    return _by_customer(engine, counted.filter(counted.distinct_values > 1))


def _differs(column: str) -> str:
    return f"_differs_{column}"


def _value(rows: ir.Table, column: str) -> ir.StructValue:
    """A row's value of a column in which its record's values differ; else NULL."""
    value = ibis.struct({"column_name": ibis.literal(column), "text": _light(rows[column])})
    return ibis.ifelse(rows[_differs(column)], value, ibis.null(value.type()))


def _light(text: ir.StringValue) -> ir.StringValue:
    """Without case, blanks, and what phones are written with; nothing is nothing."""
    # Several times cheaper than a regular expression.
    return text.lower().translate(" .()+/-", "").nullif("")


def _unified(environment: Environment) -> Iterator[str]:
    """The unified columns as Customer shows them."""
    unify = environment.unify
    for name in unify.feeds:
        yield unify.rename.get(name, name)


def _feeds(environment: Environment, table: str) -> dict[str, list[str]]:
    """Which columns of a table feed each unified column, as Customer shows it."""
    unify = environment.unify
    found: dict[str, list[str]] = {}
    for name, references in unify.feeds.items():
        for source, column in (reference.split(".", 1) for reference in references):
            if source == table:
                found.setdefault(unify.rename.get(name, name), []).append(column)
    return found


def _rows(
    engine: Engine, environment: Environment, table: str, consolidated: ir.Table
) -> Iterator[ir.Table]:
    """A table's records with the unified columns that they feed; NULL for the others.

    A table with two columns for one unified column comes twice.
    """
    feeds = _feeds(environment, table)
    members = engine.table(names.members(table))
    here = consolidated.filter((consolidated.table == table) & consolidated.kept)
    groups = here.select("record", _of="group")
    rows = members.join(groups, members._group == groups._of)
    for number in range(max(map(len, feeds.values()), default=0)):
        used = {name: columns[number] for name, columns in feeds.items() if number < len(columns)}
        yield rows.select(
            "record",
            **{
                name: as_text(rows[used[name]]) if name in used else ibis.null("string")
                for name in _unified(environment)
            },
        )


def _by_customer(engine: Engine, found: ir.Table) -> ir.Table:
    """Contradictions of records as those of customers, which any key of theirs names."""
    keys, alternate = engine.table(names.KEYS), engine.table(names.ALTERNATE_KEY)
    held = found.join(keys.select("record", "identifier"), "record")
    joined = held.join(alternate, held.identifier == alternate.Identifier)
    return joined.select("CustomerId", "column_name", "distinct_values").distinct()
