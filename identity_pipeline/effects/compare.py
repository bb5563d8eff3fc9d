"""Compares two published files, and whom exports reach."""

from collections.abc import Collection
from dataclasses import dataclass

import ibis.expr.types as ir

from identity_pipeline.effects.customers import (
    customer_effect,
    key_effect,
    sizes,
    value_effects,
)
from identity_pipeline.effects.effect import Effect
from identity_pipeline.effects.insights import export_effects, segment_effects
from identity_pipeline.effects.sides import Sides
from identity_pipeline.effects.tables import table_effects


@dataclass(frozen=True)
class Subject:
    """What is compared besides customers.

    Attributes:
        segments, exports: names of those that are listed in any case.
        passed_over: columns of customers whose values are not compared.
        reached_before, reached_after: whom exports reach, as `insights.RECIPIENTS`.
    """

    segments: Collection[str]
    exports: Collection[str]
    passed_over: Collection[str]
    reached_before: ir.Table
    reached_after: ir.Table


def compare(sides: Sides, subject: Subject) -> Effect:
    """What happens between the two sides; everything is in a stable order."""
    reached = (subject.reached_before, subject.reached_after)
    before, after = sizes(sides)
    return Effect(
        before=before,
        after=after,
        customers=customer_effect(sides),
        keys=key_effect(sides),
        values=value_effects(sides, subject.passed_over),
        segments=segment_effects(sides, subject.segments),
        exports=export_effects(sides, *reached, subject.exports),
        tables=table_effects(sides),
    )
