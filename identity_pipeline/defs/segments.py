"""Assets of segments: a table each, and who entered and left."""

from collections.abc import Iterator

import dagster as dg

from identity_pipeline.defs.insight_tables import insight_tables
from identity_pipeline.defs.measures import insight_inputs, measure_tables
from identity_pipeline.defs.report import code_version, materialized, readable_failures, spec_of
from identity_pipeline.defs.resources import Warehouse
from identity_pipeline.segments.store import SegmentSizes, store_segments
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.segments import Segment
from identity_pipeline.unify.tasks import last_date

GROUP = "segments"
Results = Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]

# A segment that grows or shrinks by more than this share since the last run deserves a look.
NOTEWORTHY_CHANGE = 0.5

SHARED = {
    names.SEGMENT_MEMBERSHIP: "One row a customer in any segment, with the segments' names.",
    names.SEGMENT_RULES: "How many customers each part of each rule has.",
    names.SEGMENT_CHANGES: "Who entered and left each segment, by day of the data.",
    names.SEGMENT_OVERLAP: "The members that each two segments share.",
    names.SEGMENT_DIFFERENTIATORS: "What tells the members of a segment from other customers.",
}


def computed(environment: Environment) -> list[Segment]:
    """Segments that have members; drafts are only checked."""
    return [one for one in environment.segments if one.state != "draft"]


def segment_assets(environment: Environment) -> list[dg.AssetsDefinition]:
    """All segments as one multi-asset, of which any part may be refreshed by itself."""
    # Drafts too: their members of before leave them.
    return [segments_asset(environment)] if environment.segments else []


def _specs(environment: Environment) -> Iterator[dg.AssetSpec]:
    inputs = measure_tables(environment) or insight_inputs(environment)
    for one in computed(environment):
        about = one.label or one.description or f"The members of {one.name}."
        name = names.segment(one.name)
        yield spec_of(name, GROUP, about, deps=inputs, version=code_version(one))
    version = code_version(*environment.segments)
    members = [names.segment(one.name) for one in computed(environment)] or inputs
    for name, about in SHARED.items():
        yield spec_of(name, GROUP, about, deps=members, version=version)


def _checks(environment: Environment) -> Iterator[dg.AssetCheckSpec]:
    for one in computed(environment):
        key = dg.AssetKey(names.segment(one.name).key)
        yield dg.AssetCheckSpec("has_members", asset=key, description="The segment is not empty.")
        yield dg.AssetCheckSpec(
            "size_is_steady",
            asset=key,
            description="The segment did not grow or shrink by more than half since the last run.",
        )


def segments_asset(environment: Environment) -> dg.AssetsDefinition:
    """Build the multi-asset of segments."""

    @dg.multi_asset(
        name="find_segments",
        specs=[spec.replace_attributes(skippable=True) for spec in _specs(environment)],
        check_specs=list(_checks(environment)),
        can_subset=True,
    )
    def segments(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Results:
        asked = context.selected_asset_keys
        tables = [*(names.segment(one.name) for one in computed(environment)), *SHARED]
        with readable_failures(), warehouse.transaction() as engine:
            found = insight_tables(engine, environment)
            sizes = store_segments(engine, found, computed(environment), last_date(engine))
            results = [
                materialized(engine, name) for name in tables if dg.AssetKey(name.key) in asked
            ]
        yield from results
        for segment in computed(environment):
            if dg.AssetKey(names.segment(segment.name).key) in asked:
                yield from _judged(segment, sizes[segment.name])

    return segments


def _judged(segment: Segment, size: SegmentSizes) -> Iterator[dg.AssetCheckResult]:
    key = dg.AssetKey(names.segment(segment.name).key)
    numbers = {
        "members": size.members,
        "before": size.before,
        "entered": size.entered,
        "left": size.left,
    }
    change = abs(size.members - size.before) / size.before if size.before else 0.0
    for name, passed in (
        ("has_members", size.members > 0),
        ("size_is_steady", change <= NOTEWORTHY_CHANGE),
    ):
        yield dg.AssetCheckResult(
            check_name=name,
            asset_key=key,
            passed=passed,
            severity=dg.AssetCheckSeverity.WARN,
            metadata=numbers,
        )
