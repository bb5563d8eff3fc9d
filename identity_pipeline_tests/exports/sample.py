"""Three customers, and exports of them, for tests to change."""

import datetime
import hashlib

import duckdb
import pyarrow as pa
from pydantic import TypeAdapter

from identity_pipeline.engine.duckdb import DuckDBEngine
from identity_pipeline.exports.layout import Moment
from identity_pipeline.exports.recipients import RECIPIENT_LOG
from identity_pipeline.exports.select import ExportInputs, select_recipients
from identity_pipeline.terms.exports import Export

DAY = datetime.date(2022, 7, 24)
STARTED = datetime.datetime(2026, 3, 1, 9, 15, 59, tzinfo=datetime.UTC)
ENGINE = DuckDBEngine(duckdb.connect())
EXPORT: TypeAdapter[Export] = TypeAdapter(Export)
KINDS = {
    "segment": {"segment": "s1"},
    "email_list": {"segment": "s1"},
    "hashed_audience": {"segment": "s1"},
    "webhook": {"segment": "s1", "url": "https://example.org/hook"},
    "table": {"tables": ("Customer",)},
}

CUSTOMER = {"CustomerId": "string", "Email": "string", "Phone": "string", "Name": "string"}
ANN = ("ANN", "ann@x.org", "+1 650 253 1234", "Ann")
BEN = ("BEN", "ben@x.org", None, "Ben")
WEB1 = ("WEB1", None, None, None)


def export_of(kind, **changes):
    """An export as it is read from YAML."""
    to = {} if kind == "webhook" else {"to": "file:exports"}
    return EXPORT.validate_python({"name": "ads", "kind": kind, **to, **KINDS[kind], **changes})


def ids(*names):
    return ENGINE.relation({"CustomerId": "string"}, [(name,) for name in names])


def before(*pairs):
    """Who was reached: (recipient, CustomerId) or one name for both."""
    rows = [pair if isinstance(pair, tuple) else (pair, pair) for pair in pairs]
    return ENGINE.relation({"recipient": "string", "CustomerId": "string"}, rows)


def log(*rows):
    return ENGINE.relation(RECIPIENT_LOG, rows)


def inputs(customers=(ANN, BEN, WEB1), **changes):
    table = ENGINE.relation(CUSTOMER, customers)
    given = {"before": before(), "day": DAY, "members": ids(*(row[0] for row in customers))}
    return ExportInputs(customers=table, **(given | changes))


def selected(export, **changes):
    return select_recipients(export, inputs(**changes))


def rows(table):
    return ENGINE.rows(table)


def one(table):
    """The only row of a table, by column."""
    [row] = ENGINE.rows(table)
    return dict(zip(table.columns, row, strict=True))


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def moment(home, **changes):
    given = {"environment": "contoso", "home": home, "day": DAY, "started": STARTED}
    return Moment(**(given | changes))


def arrow(**columns):
    return pa.table(columns)
