"""The stages of the job: what its steps are counted as."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

UNIFICATION = "unification"
LANDING = "landing"
EVIDENCE = "evidence and metrics"
BETWEEN = "Dagster, between steps"
BEFORE = "imports and configuration"

# How a step's name begins -> its stage; the first that fits.
BEGINNINGS = {
    "ingest_": LANDING,
    "read_custom_matches": UNIFICATION,
    "set_values_aside": UNIFICATION,
    "deduplicate_": UNIFICATION,
    "match_": UNIFICATION,
    "consolidate": UNIFICATION,
    "list_match_pairs": UNIFICATION,
    "unify_columns": UNIFICATION,
    "identify_customers": UNIFICATION,
    "unify_activities": "activities",
    "load_activities": "activities",
    "explain_customers": EVIDENCE,
    "measure_unification": EVIDENCE,
    "profile_columns": EVIDENCE,
    "count_matches": EVIDENCE,
    "compare_with_truth": EVIDENCE,
    "serving__": "publishing",
}
CURRENT = "current rows"
OTHERS = "insights and exports"
ORDER = (
    *(BEFORE, LANDING, CURRENT, UNIFICATION, EVIDENCE, "activities"),
    *(OTHERS, "publishing", BETWEEN),
)


@dataclass(frozen=True)
class Stage:
    """What a stage of a run cost; `peak` is the process's until the stage's last step ended."""

    name: str
    cpu: float
    wall: float
    peak: int


def stage_of(step: str) -> str:
    """The stage that a step belongs to."""
    if step.endswith("_current"):
        return CURRENT
    return next((one for start, one in BEGINNINGS.items() if step.startswith(start)), OTHERS)


def stages_of(run: dict) -> list[Stage]:
    """The stages of a run that the profile wrote, in order; those that took part."""
    steps = [(stage_of(one["step"]), one["cpu"], one["wall"], one["peak"]) for one in run["steps"]]
    spent = [sum(step[place] for step in steps) for place in (1, 2)]
    peak = max((step[3] for step in steps), default=0)
    steps.append((BETWEEN, run["cpu"] - spent[0], run["wall"] - spent[1], peak))
    steps.append((BEFORE, run["before"], 0.0, 0))
    return [_together(name, [s for s in steps if s[0] == name]) for name in _known(steps)]


def _known(steps: Iterable[tuple[str, float, float, int]]) -> list[str]:
    named = {step[0] for step in steps}
    return [name for name in ORDER if name in named]


def _together(name: str, steps: list[tuple[str, float, float, int]]) -> Stage:
    return Stage(
        name,
        cpu=round(sum(step[1] for step in steps), 3),
        wall=round(sum(step[2] for step in steps), 3),
        peak=max(step[3] for step in steps),
    )


def read_runs(profile: Path) -> list[dict]:
    """The runs that were written to a profile, in order."""
    return [json.loads(line) for line in profile.read_text(encoding="utf-8").splitlines()]
