"""What has something to do: the ledger says which tables were made of what, and in which order."""

import datetime
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import filelock

from identity_pipeline.engine.base import Engine
from identity_pipeline.engine.registry import Limits, open_engine
from identity_pipeline.sources.dates import delivered_dates
from identity_pipeline.sources.ingest import ledger_rows
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment, every_source
from identity_pipeline.terms.names import TableName

# Groups of assets that look at the day of the data, or at the world outside.
DAILY_GROUPS = {"enrichment", "measures", "segments", "exports", "serving"}

COLUMNS = {"table_name": "string", "version": "string", "made": "int64", "changed": "int64"}
# Before a table's name, among the versions: the making that what changed of it is told since.
SINCE = "changed since:"
VERSIONS = {"name": "string", "version": "string"}


@dataclass(frozen=True)
class Made:
    """When a table was made, as numbers that grow with every step, and by which configuration.

    Attributes:
        version: of the configuration.
        number: of the last making.
        changed: of the last making after which it was not what it was before.
    """

    version: str
    number: int
    changed: int


@dataclass(frozen=True)
class Ledger:
    """What the warehouse remembers of its tables, by `schema.table`."""

    tables: dict[str, Made]

    def made_alike(self, specs: Sequence[dg.AssetSpec]) -> list[Made] | None:
        """When tables were made; None where one was not by its configuration of today."""
        own = [self.tables.get(_name(spec.key)) for spec in specs]
        versions = [spec.code_version for spec in specs]
        alike = [
            made for made, one in zip(own, versions, strict=True) if made and made.version == one
        ]
        return alike if len(alike) == len(own) else None

    def is_fresh(self, specs: Iterable[dg.AssetSpec]) -> bool:
        """Whether tables were made by their configuration of today, of what is there now."""
        return all(self._is_fresh(spec) for spec in specs)

    def _is_fresh(self, spec: dg.AssetSpec) -> bool:
        own = self.tables.get(_name(spec.key))
        if own is None or own.version != spec.code_version:
            return False
        inputs = [self.tables.get(_name(dep.asset_key)) for dep in spec.deps]
        return all(made is not None and made.changed <= own.number for made in inputs)


def _name(key: dg.AssetKey) -> str:
    return ".".join(key.path)


def read_ledger(engine: Engine) -> Ledger:
    """What the warehouse remembers; nothing before the first run."""
    if not _is_ledger(engine):
        return Ledger({})
    rows = engine.rows(engine.table(names.MADE).select(*COLUMNS))
    return Ledger(
        {
            str(table): Made(str(version), int(str(number)), int(str(changed)))
            for table, version, number, changed in rows
        }
    )


def _is_ledger(engine: Engine) -> bool:
    """Whether there is a ledger, and not one of an older release, which knew less."""
    return engine.exists(names.MADE) and set(COLUMNS) <= set(engine.table(names.MADE).columns)


def mark(engine: Engine, specs: Iterable[dg.AssetSpec], *, are_others: bool = True) -> None:
    """Remember that tables were made just now, and whether they are others than before."""
    if not _is_ledger(engine):
        _begin_anew(engine)
    known = read_ledger(engine).tables
    number = max((made.number for made in known.values()), default=0) + 1
    rows = []
    for spec in specs:
        name = _name(spec.key)
        changed = number if are_others or name not in known else known[name].changed
        rows.append((name, spec.code_version or "", number, changed))
    engine.put(names.MADE, rows, "table_name")


@contextmanager
def glance(warehouse: Path) -> Iterator[Engine | None]:
    """The warehouse between runs, read-only; None where it is missing or in use."""
    with ExitStack() as stack:
        engine = None
        if warehouse.exists():
            with suppress(filelock.Timeout):
                stack.enter_context(filelock.FileLock(f"{warehouse}.lock", timeout=0))
                opened = stack.enter_context(open_engine(warehouse, Limits(read_only=True)))
                engine = opened.engine
        yield engine


@contextmanager
def amending(warehouse: Path) -> Iterator[Engine]:
    """The warehouse in one transaction, after a run that is at work."""
    with (
        filelock.FileLock(f"{warehouse}.lock"),
        open_engine(warehouse) as opened,
        opened.transaction() as engine,
    ):
        yield engine


def forget_all(warehouse: Path) -> None:
    """Take every table for stale, after a run that is at work."""
    if warehouse.exists():
        with amending(warehouse) as engine:
            _begin_anew(engine)


def _begin_anew(engine: Engine) -> None:
    """Begin the ledger; its numbers are others, so what was published by old ones is unknown."""
    engine.store(names.MADE, engine.relation(COLUMNS, []))
    if engine.exists(names.PUBLISHED):
        engine.store(names.PUBLISHED, engine.table(names.PUBLISHED).filter(False))


def set_versions(engine: Engine, versions: Mapping[str, str]) -> bool:
    """Remember versions by name; whether any is another one than before."""
    engine.define(names.VERSIONS, VERSIONS)
    known = read_versions(engine)
    changed = [(name, one) for name, one in versions.items() if known.get(name) != one]
    if changed:
        engine.put(names.VERSIONS, changed, "name")
    return bool(changed)


def others_than(engine: Engine, prefix: str, version: str) -> list[str]:
    """What follows a prefix in the names of other versions, sorted."""
    return sorted(
        name.removeprefix(prefix)
        for name, one in read_versions(engine).items()
        if name.startswith(prefix) and one != version
    )


def note_changes(engine: Engine, specs: Sequence[dg.AssetSpec], *, is_known: bool) -> None:
    """Remember whether the changes of tables that are being made are known, since they were last.

    They are not where one was not made before by its configuration of today.
    """
    before = read_ledger(engine).made_alike(specs) if is_known else None
    since = [str(made.changed) for made in before] if before else [""] * len(specs)
    noted = zip(specs, since, strict=True)
    set_versions(engine, {f"{SINCE}{_name(spec.key)}": number for spec, number in noted})


def changed_since(engine: Engine) -> dict[str, int]:
    """`schema.table` -> the making since which its changes are known; others are left out."""
    return {
        name.removeprefix(SINCE): int(number)
        for name, number in read_versions(engine).items()
        if name.startswith(SINCE) and number
    }


def changed_inputs(
    engine: Engine, specs: Sequence[dg.AssetSpec], of: Iterable[TableName] | None = None
) -> set[str] | None:
    """What tables are made of that changed since, as `schema.table`, where all changes are known.

    None where the tables were not made before by their configuration of today, or something that
    they are made of was made anew, or twice, since.

    Args:
        engine: has the ledger.
        specs: the tables.
        of: what has to be known of; all that they depend on, where nothing is named.
    """
    ledger, since = read_ledger(engine), changed_since(engine)
    before = ledger.made_alike(specs)
    if before is None:
        return None
    numbers = [made.number for made in before]
    own = {_name(spec.key) for spec in specs}
    every = {_name(dep.asset_key) for spec in specs for dep in spec.deps} - own
    inputs = every if of is None else {str(name) for name in of}
    found = set()
    for name in inputs:
        made = ledger.tables.get(name)
        if made is None:
            return None
        if made.changed > min(numbers):
            if since.get(name, made.changed) > min(numbers):
                return None
            found.add(name)
    return found


def read_versions(engine: Engine) -> dict[str, str]:
    """Versions by name; none before the first run."""
    if not engine.exists(names.VERSIONS):
        return {}
    return {str(name): str(one) for name, one in engine.rows(engine.table(names.VERSIONS))}


# Makes tables; False says that they are what they were.
Make = Callable[[Engine], bool | None]


def make_if_stale(engine: Engine, specs: Sequence[dg.AssetSpec], make: Make) -> bool:
    """Make tables, unless they were made before of the same things by the same configuration.

    What is made of tables that turn out to be what they were is not stale.

    Returns:
        Whether they were made.
    """
    if read_ledger(engine).is_fresh(specs):
        return False
    are_others = make(engine)
    mark(engine, specs, are_others=are_others is not False)
    return True


def work_of(
    environment: Environment,
    assets: Sequence[dg.AssetsDefinition],
    warehouse: Path,
    date: datetime.date,
) -> list[dg.AssetKey]:
    """The assets that a run of an ingestion date has to touch: those that something changed for.

    Insights, exports and the published file look at the day of the data too, and are always made.

    Args:
        environment: where files land.
        assets: all assets, each after those it depends on.
        warehouse: the working database; where it is missing or in use, everything is to be done.
        date: the ingestion date.
    """
    every = [key for one in assets for key in one.keys]
    with glance(warehouse) as engine:
        if engine is None:
            return every
        ledger = read_ledger(engine)
        changed = _changed(engine, environment, date)
    return needed_assets(ledger, assets, changed)


def _changed(engine: Engine, environment: Environment, date: datetime.date) -> set[dg.AssetKey]:
    """Deliveries of the date: there are files now, or there were."""
    sources = every_source(environment).values()
    return {
        dg.AssetKey(names.source(source.name).key)
        for source in sources
        if date in delivered_dates(environment.folder, [source])
        or ledger_rows(engine, source, [date])
    }


def needed_assets(
    ledger: Ledger, assets: Iterable[dg.AssetsDefinition], changed: Collection[dg.AssetKey]
) -> list[dg.AssetKey]:
    """The assets that are not fresh, follow one that is not, or look beyond the warehouse.

    Args:
        ledger: what the warehouse remembers.
        assets: all assets, each after those it depends on.
        changed: assets of deliveries for which there are files, or were.
    """
    needed: set[dg.AssetKey] = set()
    for one in assets:
        specs = list(one.specs)
        follows = any(dep.asset_key in needed for spec in specs for dep in spec.deps)
        is_changed = any(spec.key in changed for spec in specs)
        is_daily = {spec.group_name for spec in specs} <= DAILY_GROUPS
        if is_changed or follows or is_daily or not ledger.is_fresh(specs):
            needed.update(spec.key for spec in specs)
    return sorted(needed)
