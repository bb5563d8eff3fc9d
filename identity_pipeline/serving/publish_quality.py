"""What the published file holds of quality: numbers of matches, and of source columns."""

from collections.abc import Iterator

import ibis

from identity_pipeline.engine.base import Engine, PublishedTable
from identity_pipeline.terms import names
from identity_pipeline.terms import quality_contracts as contracts
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.tables import Contract


def quality_tables(engine: Engine, environment: Environment) -> Iterator[PublishedTable]:
    """Statistics, contradictions, column profiles, and agreement with the truth, as asked for."""
    yield _plain(engine, contracts.MATCH_STATISTICS)
    yield _plain(engine, contracts.CONTRADICTIONS)
    if environment.unify.quality.truth:
        yield _plain(engine, contracts.MATCH_QUALITY)
    profiles = [names.column_profile(table) for table in environment.sources]
    stored = [engine.table(name) for name in profiles if engine.exists(name)]
    if stored and environment.unify.quality.profiles != "none":
        contract = contracts.COLUMN_PROFILES
        rows = ibis.union(*stored) if len(stored) > 1 else stored[0]
        yield PublishedTable(contract.name, rows, contract.description, contract.columns)


def _plain(engine: Engine, contract: Contract) -> PublishedTable:
    rows = engine.table(contract.stored)
    return PublishedTable(contract.name, rows, contract.description, contract.columns)
