"""What is audited before an export is stored: whoever made the selection."""

import datetime
from dataclasses import replace

import pytest

from identity_pipeline.engine.registry import open_engine
from identity_pipeline.exports import store
from identity_pipeline.exports.recipients import RECIPIENT_LOG, reached_before
from identity_pipeline.exports.select import ExportInputs, select_recipients
from identity_pipeline.terms import names
from identity_pipeline.terms.errors import AuditFailed, InsightError
from identity_pipeline_tests.exports.sample import export_of

DAY = datetime.date(2024, 5, 2)


@pytest.fixture
def engine():
    with open_engine(None) as opened:
        yield opened.engine


def asked(engine, consented):
    people = [("ANN", "ann@x.org"), ("BEN", "ben@x.org")]
    ids = {"CustomerId": "string"}
    engine.define(names.EXPORT_RECIPIENTS, RECIPIENT_LOG)
    return ExportInputs(
        customers=engine.relation({"CustomerId": "string", "Email": "string"}, people),
        before=reached_before(engine.table(names.EXPORT_RECIPIENTS), "ads", DAY),
        day=DAY,
        members=engine.relation(ids, [("ANN",), ("BEN",)]),
        consented=engine.keep(engine.relation(ids, [(name,) for name in consented])),
    )


def test_counts_and_payload_are_of_those_who_agreed(engine):
    counts = store.prepare(engine, export_of("segment", consent="news"), asked(engine, ["ANN"]))

    assert (counts["eligible"], counts["refused_by_consent"]) == (1, 1)
    assert engine.rows(engine.table(names.export("ads")).select("CustomerId")) == [("ANN",)]


def test_a_selection_that_forgets_consent_is_not_stored(engine, monkeypatch):
    def careless(export, inputs, keep):
        return select_recipients(export.model_copy(update={"consent": None}), inputs, keep)

    monkeypatch.setattr(store, "select_recipients", careless)

    with pytest.raises(AuditFailed, match="1 recipients did not agree to news"):
        store.prepare(engine, export_of("segment", consent="news"), asked(engine, ["ANN"]))


def test_a_run_of_a_day_again_counts_once(engine):
    export = export_of("segment", consent="news")

    for consented in (["ANN"], ["ANN", "BEN"]):
        store.prepare(engine, export, asked(engine, consented))

    runs = engine.table(names.EXPORT_RUNS)
    assert engine.rows(runs.select("export", "eligible")) == [("ads", 2)]


def test_an_audience_whose_identifiers_changed_asks_for_another_name(engine):
    inputs = asked(engine, ["ANN", "BEN"])
    old = engine.relation(
        {"recipient": "string", "CustomerId": "string"}, [("email:1f|phone:2f", "ANN")]
    )

    with pytest.raises(InsightError, match="give the changed export another name"):
        store.prepare(engine, export_of("hashed_audience"), replace(inputs, before=old))
