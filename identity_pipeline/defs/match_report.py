"""The asset of the match report: one HTML page a run, and the same as `latest.html`."""

import os
from pathlib import Path

import dagster as dg

from identity_pipeline.defs.quality import quality_tables_of
from identity_pipeline.defs.report import DEFAULT_OWNER, code_version, readable_failures
from identity_pipeline.defs.resources import Warehouse
from identity_pipeline.quality.numbers import read_numbers
from identity_pipeline.quality.page import page
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment

KEY = dg.AssetKey(["serving", "match_report"])
LATEST = "latest.html"


def report_asset(environment: Environment, folder: Path) -> dg.AssetsDefinition:
    """Build the asset of the report.

    Args:
        environment: what is reported on.
        folder: where the pages go, one for each ingestion date.
    """
    deps = [names.METRICS, names.HELD_FOR_REVIEW, *quality_tables_of(environment)]

    @dg.asset(
        key=KEY,
        deps=[dg.AssetKey(name.key) for name in deps],
        group_name="serving",
        kinds={"html", "file"},
        owners=[DEFAULT_OWNER],
        code_version=code_version(environment.unify, environment.unify.quality),
        description="How matching went, as one page with plots: from records to customers, rules, "
        "sizes, scores, known and unknown over dates, quality, source columns. Counts only.",
    )
    def match_report(warehouse: Warehouse) -> dg.MaterializeResult[None]:
        with readable_failures(), warehouse.transaction() as engine:
            numbers = read_numbers(engine, environment)
        text = page(numbers)
        dated, latest = folder / f"{numbers.date}.html", folder / LATEST
        for file in (dated, latest):
            _write(file, text)
        return dg.MaterializeResult(
            metadata={
                "page": dg.MetadataValue.path(str(dated)),
                "latest": dg.MetadataValue.path(str(latest)),
                "url": dg.MetadataValue.url(latest.resolve().as_uri()),
            }
        )

    return match_report


def _write(file: Path, text: str) -> None:
    """Write beside the old file and rename over it, so that nobody opens half a page."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, file)
