"""The match report: one HTML page with plots, without scripts and without personal values."""

from collections.abc import Iterator
from html import escape
from importlib.resources import files
from string import Template

from identity_pipeline.quality import sections
from identity_pipeline.quality.markup import Tile, number, percent
from identity_pipeline.quality.numbers import Numbers

FOLDER = files("identity_pipeline.quality") / "data"
WRITTEN_FROM = (
    "Counts only: no value of a record and no id is on this page. The tables UnificationMetrics, "
    "MatchStatistics, MatchQuality and ColumnProfiles of the published file have these numbers."
)


def page(numbers: Numbers) -> str:
    """The whole page; the same numbers make the same text."""
    template = Template((FOLDER / "page.html.txt").read_text(encoding="utf-8"))
    return template.substitute(
        title=escape(f"Match report: {numbers.environment}"),
        subtitle=escape(f"Ingestion date {numbers.date or 'none yet'}"),
        style=(FOLDER / "style.css.txt").read_text(encoding="utf-8").strip(),
        tiles="\n".join(str(tile) for tile in _tiles(numbers)),
        sections="\n".join(part for part in sections.all_of(numbers) if part),
        footer=escape(WRITTEN_FROM),
    )


def _tiles(numbers: Numbers) -> Iterator[Tile]:
    customers = numbers.metric("matched_and_non_matched_records")
    known = numbers.metric("known_customers")
    yield Tile(number(customers), "customers", f"from {number(_rows(numbers))} source records")
    yield Tile(number(known), "known", f"{percent(known, customers)} of customers")
    unknown = numbers.metric("unknown_customers")
    yield Tile(number(unknown), "unknown", f"{percent(unknown, customers)} of customers")
    matched = numbers.metric("matched_records_only")
    yield Tile(number(matched), "matched", "customers of two tables or more")
    largest = numbers.metric("largest_customer_keys")
    yield Tile(number(largest), "keys of the largest customer")
    for metric, word in (("pair_precision", "precision"), ("pair_recall", "recall")):
        share = numbers.quality.get((numbers.judged, metric))
        if share is not None:
            yield Tile(percent(share), word, f"by pairs, {sections.scope_words(numbers.judged)}")


def _rows(numbers: Numbers) -> float:
    return sum(numbers.metric("source_records", table) for table in numbers.order)
