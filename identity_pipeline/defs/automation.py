"""Jobs, the daily schedule, and the sensor that waits for files."""

import datetime
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from identity_pipeline.sources.dates import delivered_dates
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.sources import SourceTable

if TYPE_CHECKING:
    from dagster._core.definitions.partitions.partitioned_schedule import (
        UnresolvedPartitionedAssetScheduleDefinition as AssetSchedule,
    )
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition as AssetJob,
    )

# When the daily refresh runs: after midnight in UTC, when a day's deliveries are complete.
REFRESH_HOUR = 2
SENSOR_SECONDS = 60

REFRESH, INGEST, MATCH_ONLY, UNIFY = "refresh", "ingest", "match_only", "unify"


def jobs(environment: Environment, days: dg.PartitionsDefinition[str]) -> dict[str, "AssetJob"]:
    """The four ways to run: files only, up to matches, up to customers, everything."""
    ingested: dg.AssetSelection = dg.AssetSelection.groups("sources")
    if environment.activities:
        # Activities are read by ingestion date too: a date ingested without them would miss them.
        ingested |= _up_to(names.ACTIVITY)
    matched = _up_to(names.MATCH_PAIRS)
    unified = _up_to(names.METRICS) | matched
    described = {
        INGEST: (ingested, "Load the files of an ingestion date."),
        MATCH_ONLY: (
            matched,
            "Ingest, deduplicate and match; the customer table stays as it is.",
        ),
        UNIFY: (unified, "Everything up to customers and their metrics; nothing is published."),
        REFRESH: (dg.AssetSelection.all(), "Everything, from files to the published file."),
    }
    return {
        name: dg.define_asset_job(name, selection, description=text, partitions_def=days)
        for name, (selection, text) in described.items()
    }


def _up_to(name: names.TableName) -> dg.AssetSelection:
    """A table with all that it needs, and what is made along with that."""
    needed = dg.AssetSelection.assets(dg.AssetKey(name.key)).upstream()
    return needed.required_multi_asset_neighbors()


def daily(job: "AssetJob") -> "AssetSchedule | dg.ScheduleDefinition":
    """Refresh each day with the files of the day before."""
    return dg.build_schedule_from_partitioned_job(
        job,
        name="daily_refresh",
        hour_of_day=REFRESH_HOUR,
        description="Refresh with the day's deliveries.",
    )


def file_sensor(
    environment: Environment, sources: dict[str, SourceTable], job: "AssetJob"
) -> dg.SensorDefinition:
    """Refresh an ingestion date when its files arrive or change."""

    @dg.sensor(
        name="delivered_files",
        job=job,
        minimum_interval_seconds=SENSOR_SECONDS,
        description="Runs the refresh of an ingestion date when files of it arrive or change.",
    )
    def delivered_files(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest]:
        today = datetime.datetime.now(datetime.UTC).date()
        for date, files in delivered_dates(environment.folder, sources.values()).items():
            if date > today:
                context.log.warning(f"{date} is in the future; its files wait until then")
                continue
            yield dg.RunRequest(run_key=_run_key(files), partition_key=date.isoformat())

    return delivered_files


def _run_key(files: list[Path]) -> str:
    """What tells one delivery from another without reading it: paths, sizes, times."""
    stats = [(str(file), file.stat()) for file in sorted(files)]
    text = "\n".join(f"{path} {stat.st_size} {stat.st_mtime_ns}" for path, stat in stats)
    return hashlib.sha256(text.encode()).hexdigest()
