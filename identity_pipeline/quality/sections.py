"""The parts of the match report, each from its numbers; a part without numbers is not there."""

from collections.abc import Iterator, Sequence

from identity_pipeline.quality import charts
from identity_pipeline.quality.charts import SMALL, WIDE, Bar, Frame, Series
from identity_pipeline.quality.column_table import column_table
from identity_pipeline.quality.markup import (
    as_numbers,
    beside,
    cells,
    heading,
    legend,
    number,
    percent,
    section,
)
from identity_pipeline.quality.numbers import Numbers, Statistic
from identity_pipeline.quality.statistics import SIZES, score_range, size_range
from identity_pipeline.terms.quality import ALL, CUSTOMER_RECORDS, SCORE_PARTS

# Rules are tried in order: the first has the strongest colour, all past the last share its own.
RULE_COLOURS = ("r1", "r2", "r3", "r4", "r5")
# Scores below this part are none: the least precision that has a name is 30 %.
FIRST_PART = 3
MOST_HISTOGRAMS = 12
MEASURES = ("precision", "recall", "f1")


def all_of(numbers: Numbers) -> Iterator[str]:
    """Every part, in the order of the page."""
    yield beside(
        (_funnel(numbers), _rules(numbers), _sizes(numbers)),
        (_over_dates(numbers), _contradictions(numbers)),
    )
    yield _agreement(numbers)
    yield _scores(numbers)
    yield beside((_doubts(numbers),), (_set_aside(numbers),))
    yield _columns(numbers)


def scope_words(scope: str) -> str:
    """A scope as people say it."""
    return {ALL: "all records", CUSTOMER_RECORDS: "customer records"}.get(scope, f"within {scope}")


def _funnel(numbers: Numbers) -> str:
    rows = sum(numbers.metric("source_records", table) for table in numbers.order)
    unique = numbers.metric("unique_source_records")
    customers = numbers.metric("matched_and_non_matched_records")
    steps = {
        "Source records": rows,
        "Unique records": unique,
        "Customers": customers,
        "of several tables": numbers.metric("matched_records_only"),
    }
    parts = [Bar(name, value, number(value)) for name, value in steps.items()]
    says = (
        f"{number(rows - unique)} duplicates within tables, then {number(unique - customers)} "
        "records that joined another table's customer or were left out."
    )
    by_table = [
        (
            table,
            round(numbers.metric("source_records", table)),
            round(numbers.metric("unique_records", table)),
            f"{numbers.metric('matched_percent', table):.1f}%" if table != numbers.order[0] else "",
        )
        for table in numbers.order
    ]
    head = ("table", "source records", "unique", "matched")
    title = "From records to customers"
    return section(title, says, charts.bars(Frame(title, says), parts), as_numbers(head, by_table))


def _over_dates(numbers: Numbers) -> str:
    history = numbers.customers
    known, unknown = (history.values[name] for name in ("known_customers", "unknown_customers"))
    series = [Series("known", known, "s1"), Series("unknown", unknown, "s3")]
    says = "Customers after each ingestion date; an unknown one becomes known and keeps its id."
    title = "Known and unknown customers"
    last = [Bar(one.name, 0, number(one.values[-1] or 0), one.colour) for one in series if known]
    rows = [
        (date, round(a or 0), round(b or 0))
        for date, a, b in zip(history.dates, known, unknown, strict=True)
    ]
    drawn = charts.stacks(Frame(title, says), history.dates, series)
    head = ("ingestion date", "known", "unknown")
    return section(title, says, drawn, legend(last), as_numbers(head, rows))


def _rules(numbers: Numbers) -> str:
    """For each table, which rules attached its records."""
    parts = [_rules_of(numbers, table) for table in numbers.order[1:]]
    if not parts:
        return ""
    says = "Records of each table by the rule that attached them to a customer of a table above."
    return section("What each rule contributes", says, *parts)


def _rules_of(numbers: Numbers, table: str) -> str:
    attached: dict[str, int] = dict.fromkeys(numbers.rules[table], 0)
    for one in numbers.of("match_links", table):
        attached[one.rule or ""] = attached.get(one.rule or "", 0) + one.value
    whole = round(numbers.metric("unique_records", table))
    bars = [
        Bar(rule, count, number(count), RULE_COLOURS[min(place, len(RULE_COLOURS) - 1)])
        for place, (rule, count) in enumerate(attached.items())
    ]
    rest = max(whole - sum(attached.values()), 0)
    bars.append(Bar("matched nothing", rest, number(rest), "rest"))
    matched = percent(whole - rest, whole)
    title = f"{table}: {number(whole)} records, {matched} matched"
    says = "; ".join(f"{bar.label} {bar.shown}" for bar in bars)
    return heading(title) + charts.strip(Frame(title, says), bars) + legend(bars)


def _agreement(numbers: Numbers) -> str:
    """Precision and recall over dates, and all shares of the last one, where there is a truth."""
    if not numbers.quality:
        return ""
    history = numbers.agreement
    series = [
        Series("precision", history.values["pair_precision"], "s1"),
        Series("recall", history.values["pair_recall"], "s2"),
    ]
    dated = [
        (date, *(_shown(one.values[place]) for one in series))
        for place, date in enumerate(history.dates)
    ]
    last = [Bar(one.name, 0, _shown(one.values[-1]), one.colour) for one in series if one.values]
    title = "Agreement with the truth"
    judged = scope_words(numbers.judged)
    says = f"Pairs of records, {judged}: right among those joined, joined among those that should."
    drawn = charts.lines(Frame(title, says, WIDE), history.dates, series)
    over_dates = as_numbers(("ingestion date", "precision", "recall"), dated)
    return section(title, says, drawn, legend(last), over_dates, _shares(numbers))


def _shares(numbers: Numbers) -> str:
    """All shares of the last date, a line a scope."""
    kinds = {"pair": "pairs", "cluster": "whole customers", "bcubed": "B-cubed"}
    head = ("", *(f"{kind}: {word}" for kind in kinds.values() for word in MEASURES))
    rows = [
        [
            scope_words(scope),
            *(
                _shown(numbers.quality.get((scope, f"{kind}_{measure}")))
                for kind in kinds
                for measure in MEASURES
            ),
        ]
        for scope in (ALL, CUSTOMER_RECORDS, *numbers.order)
        if (scope, "records") in numbers.quality
    ]
    return heading("On the last ingestion date") + cells(head, rows)


def _shown(share: float | None) -> str:
    return "-" if share is None else percent(share)


def _sizes(numbers: Numbers) -> str:
    counted = {one.bucket: one.value for one in numbers.of("customer_size")}
    ranges = [size_range(first) for first in SIZES]
    last = max((place for place, name in enumerate(ranges) if counted.get(name)), default=0)
    parts = [
        Bar(name, counted.get(name, 0), number(counted.get(name, 0))) for name in ranges[: last + 1]
    ]
    title = "Sizes of customers"
    says = "Customers by how many source keys they have."
    rows = [(f"{part.label} keys", int(part.value)) for part in parts]
    drawn = charts.columns(Frame(title, says), parts)
    return section(title, says, drawn, as_numbers(("size", "customers"), rows))


def _contradictions(numbers: Numbers) -> str:
    found = sorted(
        numbers.of("contradicting_customers"), key=lambda one: (-one.value, one.bucket or "")
    )
    title = "Contradictions"
    says = "Customers whose source records have different values of a unified column."
    if not found:
        return section(title, f"{says} There are none.")
    customers = numbers.metric("matched_and_non_matched_records")
    parts = [Bar(one.bucket or "", one.value, number(one.value)) for one in found]
    rows = [(one.bucket or "", one.value, percent(one.value, customers)) for one in found]
    head = ("column", "customers", "of all customers")
    return section(title, says, charts.bars(Frame(title, says), parts), as_numbers(head, rows))


def _scores(numbers: Numbers) -> str:
    """How near the links of each rule are, where not all are exact."""
    by_rule: dict[tuple[str, str, str], list[Statistic]] = {}
    for one in (*numbers.of("match_links"), *numbers.of("duplicate_links")):
        kind = "match" if one.statistic == "match_links" else "within"
        by_rule.setdefault((kind, one.table or "", one.rule or ""), []).append(one)
    exact = score_range(SCORE_PARTS)
    fuzzy = {k: v for k, v in by_rule.items() if any(one.bucket != exact for one in v)}
    if not fuzzy:
        return ""
    most = sorted(fuzzy, key=lambda key: (-sum(one.value for one in fuzzy[key]), key))
    parts = [_scores_of(key, fuzzy[key]) for key in sorted(most[:MOST_HISTOGRAMS])]
    says = "Accepted links of rules that compare fuzzily, by score; many just above the threshold "
    says += "deserve a look."
    if len(most) > MOST_HISTOGRAMS:
        says += f" The {MOST_HISTOGRAMS} rules with most links of {len(most)}."
    shown = f'<div class="small">{"".join(parts)}</div>'
    return section("How near the links are", says, shown)


def _scores_of(key: tuple[str, str, str], found: Sequence[Statistic]) -> str:
    kind, table, rule = key
    counted = {one.bucket: one.value for one in found}
    ranges = [score_range(part) for part in range(SCORE_PARTS + 1)]
    first = min(
        [FIRST_PART + 3, *(ranges.index(name) for name in counted if name in ranges)],
    )
    parts = [
        Bar(name, counted.get(name, 0), number(counted.get(name, 0))) for name in ranges[first:]
    ]
    title = f"{table}: {rule}" if kind == "match" else f"within {table}: {rule}"
    says = "; ".join(f"{part.label}: {part.shown}" for part in parts)
    return f"<div>{heading(title)}{charts.bars(Frame(title, says, SMALL, 74), parts)}</div>"


def _doubts(numbers: Numbers) -> str:
    """Ambiguous matches by table and reason."""
    if len(numbers.order) == 1:
        return ""
    rows = []
    for table in numbers.order[1:]:
        whole = numbers.metric("unique_records", table)
        found = numbers.of("ambiguous_records", table)
        total = sum(one.value for one in found if one.bucket is None)
        reasons = ", ".join(f"{one.bucket} {one.value:,}" for one in found if one.bucket)
        rows.append((table, total, percent(total, whole), reasons or "-"))
    says = "Records with several candidates, or whose match was refused."
    head = ("table", "records", "of its records", "why")
    return section("Ambiguous matches", says, cells(head, rows))


def _set_aside(numbers: Numbers) -> str:
    if not numbers.set_aside:
        return ""
    says = "Values that link nothing, and customers too large to be one person."
    rows = [(one.what, one.count, one.keys) for one in numbers.set_aside]
    return section("Guards", says, cells(("what", "count", "source keys"), rows))


def _columns(numbers: Numbers) -> str:
    if not numbers.columns:
        return ""
    says = "Source columns before matching: what is missing, and how well they tell people apart."
    return section("Source columns", says, column_table(numbers.columns))
