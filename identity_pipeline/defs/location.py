"""One environment as Dagster definitions."""

import datetime
import os
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from identity_pipeline.config import load_environment
from identity_pipeline.defs import automation
from identity_pipeline.defs.activities import activity_assets
from identity_pipeline.defs.customers import customer_assets
from identity_pipeline.defs.enrichments import enrichment_assets
from identity_pipeline.defs.evidence import evidence_assets
from identity_pipeline.defs.exports import delivery_assets, recipient_assets
from identity_pipeline.defs.match_report import report_asset
from identity_pipeline.defs.measures import measure_assets
from identity_pipeline.defs.quality import quality_assets
from identity_pipeline.defs.resources import Warehouse
from identity_pipeline.defs.segments import segment_assets
from identity_pipeline.defs.serving import publish_asset
from identity_pipeline.defs.sources import source_assets
from identity_pipeline.defs.unify import unify_assets
from identity_pipeline.sources.dates import delivered_dates
from identity_pipeline.terms.environment import Environment, every_source

# The first ingestion date where nothing has been delivered yet.
FIRST_DATE = "2020-01-01"
ENVIRONMENT_VARIABLE = "IDENTITY_PIPELINE_ENVIRONMENT"
HOME_VARIABLE = "IDENTITY_PIPELINE_HOME"


@dataclass(frozen=True)
class Home:
    """Where runs leave what they make.

    Attributes:
        folder: the folder of warehouse, published file, and Dagster's own home.
        environment: the environment's name.
        is_rehearsal: whether exports stay in the house.
    """

    folder: Path
    environment: str
    is_rehearsal: bool = False

    @property
    def warehouse(self) -> Path:
        """The working database; readers never open it."""
        return self.folder / "warehouse" / f"{self.environment}.duckdb"

    @property
    def published(self) -> Path:
        """The file that readers open."""
        return self.folder / "published" / f"{self.environment}.duckdb"

    @property
    def reports(self) -> Path:
        """The folder of the environment's match reports."""
        return self.folder / "reports" / self.environment

    @property
    def dagster(self) -> Path:
        """Dagster's runs, events and schedules."""
        return self.folder / "dagster_home"


def definitions_of(
    environment: Environment, home: Home, through: datetime.date | None = None
) -> dg.Definitions:
    """All assets, checks, jobs, the schedule and the sensor of an environment.

    Args:
        environment: what to do.
        home: where runs leave what they make.
        through: the last ingestion date that is asked for; None for today's.
    """
    days = _days(environment, through)
    sources = every_source(environment)
    jobs = automation.jobs(environment, days)
    refresh = jobs[automation.REFRESH]
    return dg.Definitions(
        assets=assets_of(environment, home, days),
        jobs=[*jobs.values()],
        schedules=[automation.daily(refresh)],
        sensors=[automation.file_sensor(environment, sources, refresh)],
        resources={"warehouse": _warehouse(environment, home)},
        executor=dg.in_process_executor,
    )


def assets_of(
    environment: Environment, home: Home, days: dg.PartitionsDefinition[str] | None = None
) -> list[dg.AssetsDefinition]:
    """All assets, each after those it depends on; `days` are the ingestion dates there are."""
    days = days or _days(environment)
    sources = every_source(environment)
    return [
        *source_assets(environment, sources, days),
        *unify_assets(environment),
        *customer_assets(environment),
        *evidence_assets(environment),
        *quality_assets(environment),
        *activity_assets(environment, days),
        *enrichment_assets(environment),
        *measure_assets(environment),
        *segment_assets(environment),
        *recipient_assets(environment),
        publish_asset(environment, home.published),
        report_asset(environment, home.reports),
        *delivery_assets(environment, None if home.is_rehearsal else home.folder),
    ]


def _days(
    environment: Environment, through: datetime.date | None = None
) -> dg.DailyPartitionsDefinition:
    """The ingestion dates, from the first delivery to today, or to the last one asked for.

    Dagster lists all of them several times a run: of old files that are thousands.
    """
    sources = every_source(environment)
    delivered = delivered_dates(environment.folder, sources.values())
    first = min(delivered).isoformat() if delivered else FIRST_DATE
    end = (through + datetime.timedelta(days=1)).isoformat() if through else None
    return dg.DailyPartitionsDefinition(
        start_date=first, end_date=end, end_offset=0 if end else 1, timezone="UTC"
    )


def _warehouse(environment: Environment, home: Home) -> Warehouse:
    folders = [environment.folder, home.warehouse.parent, home.published.parent]
    return Warehouse(database=str(home.warehouse), folders=[str(folder) for folder in folders])


def definitions_from_variables() -> dg.Definitions:
    """The environment and home that environment variables name; the sample by default."""
    folder = Path(os.environ.get(ENVIRONMENT_VARIABLE, "data/contoso")).resolve()
    home = Path(os.environ.get(HOME_VARIABLE, "data")).resolve()
    environment = load_environment(folder)
    return definitions_of(environment, Home(home, environment.name))
