"""Checks of match quality; each carries its numbers, which the UI plots over runs."""

from collections.abc import Iterator, Mapping, Sequence

import dagster as dg

from identity_pipeline.engine.base import Engine
from identity_pipeline.terms import names
from identity_pipeline.unify.consolidation import Consolidation
from identity_pipeline.unify.metrics import Row

# From this size on a customer is more likely several strangers than one person.
LARGE_CUSTOMER_KEYS = 100
# Past these shares a run is worth a look: a rule or a source has probably changed its meaning.
CHANGED_IDS_SHARE = 0.1
AMBIGUOUS_SHARE = 0.05

CUSTOMER_KEY, METRICS_KEY = dg.AssetKey(names.CUSTOMERS.key), dg.AssetKey(names.METRICS.key)

AUDIT = dg.AssetCheckSpec(
    "every_key_in_one_customer",
    asset=CUSTOMER_KEY,
    blocking=True,
    description="No customer without an id of its own, every source key in exactly one customer. "
    "Where it fails nothing is committed: the tables of the run before stay.",
)

QUALITY = [
    dg.AssetCheckSpec(name, asset=METRICS_KEY, description=text)
    for name, text in {
        "known_and_unknown_are_all": "Known and unknown customers together are all customers.",
        "known_people_not_included": "Known people whom Include all leaves out of Customer.",
        "largest_customer": f"No customer has more than {LARGE_CUSTOMER_KEYS} keys.",
        "ids_changed": f"At most {CHANGED_IDS_SHARE:.0%} of customers were merged, split or "
        "removed by this ingestion date's data.",
        "ambiguous_matches": f"At most {AMBIGUOUS_SHARE:.0%} of records had several candidates, or "
        "a match that was refused.",
        "custom_match_lines": "Every line of the custom-match files counts.",
    }.items()
]


def audit_message(counts: Mapping[str, int]) -> str:
    """What does not hold, in words."""
    wrong = ", ".join(f"{name}: {count}" for name, count in counts.items() if count)
    return f"customers were not committed, and the last run's stay: {wrong}"


def audit_result(counts: Mapping[str, int]) -> dg.AssetCheckResult:
    """The audit as a check result."""
    return dg.AssetCheckResult(
        check_name=AUDIT.name,
        asset_key=CUSTOMER_KEY,
        passed=not any(counts.values()),
        metadata=dict(counts),
    )


def quality_results(
    engine: Engine, found: Consolidation, rows: Sequence[Row]
) -> Iterator[dg.AssetCheckResult]:
    """Judge a run by its metrics."""
    total = {name: value for name, table, _, value in rows if table is None}
    known, unknown = int(total["known_customers"]), int(total["unknown_customers"])
    customers = engine.count(engine.table(names.CUSTOMERS))
    numbers = {"known": known, "unknown": unknown, "customers": customers}
    yield _result("known_and_unknown_are_all", known + unknown == customers, numbers)
    dropped = int(total["known_not_included"])
    yield _result("known_people_not_included", dropped == 0, {"people": dropped})
    largest = int(total["largest_customer_keys"])
    yield _result("largest_customer", largest <= LARGE_CUSTOMER_KEYS, {"keys": largest})
    changed = _changes(engine, found)
    numbers = {"ids": changed, "customers": customers}
    yield _result("ids_changed", changed <= CHANGED_IDS_SHARE * customers, numbers)
    records = int(total["unique_source_records"])
    ambiguous = _ambiguities(engine, found)
    numbers = {"ambiguous": ambiguous, "records": records}
    yield _result("ambiguous_matches", ambiguous <= AMBIGUOUS_SHARE * records, numbers)
    faults = engine.count(engine.table(names.OVERRIDE_PROBLEMS))
    yield _result("custom_match_lines", faults == 0, {"lines": faults})


def _changes(engine: Engine, found: Consolidation) -> int:
    """Ids that the data of the last ingestion date took from customers, or gave back."""
    history = engine.table(names.CUSTOMER_ID_HISTORY)
    events = ("merged_into", "split_from", "restored_from", "removed")
    today = (history.ingestion_date == found.date) & history.event.isin(events)
    return engine.count(history.filter(today))


def _ambiguities(engine: Engine, found: Consolidation) -> int:
    tables = (part.table for part in found.contributions if part.rank > 1)
    return sum(engine.count(engine.table(names.ambiguities(table))) for table in tables)


def _result(name: str, passed: bool, numbers: Mapping[str, int]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=name,
        asset_key=METRICS_KEY,
        passed=passed,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=dict(numbers),
    )
