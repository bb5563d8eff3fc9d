"""Whatever happens to customers and segments, members are those of the rule book."""

from random import Random

import pytest

from identity_pipeline_tests.segments.days import Days, segment


@pytest.fixture
def days(engine):
    return Days(engine)


def _next(random, merged):
    """Who is a customer on the next day, and who was absorbed by whom."""
    living = [one for one in map(str, range(8)) if random.random() < 0.85] or ["0"]
    merged = {old: new for old, new in merged.items() if random.random() < 0.8}
    for old in [one for one in living if random.random() < 0.15]:
        if old not in merged.values() and len(set(living) - {old}) > 0:
            merged[old] = random.choice(sorted(set(living) - {old} - set(merged)) or ["0"])
    merged = {old: new for old, new in merged.items() if new not in merged and old != new}
    return [one for one in living if one not in merged], merged


def _expected(segments, fitting, living, held, merged):
    """The members by the rule book; `held` is segment -> ids as they entered, None before it ran.

    Changes `held` to what it is after the run.
    """
    found = {}
    for one in segments:
        ids = held[one.name]
        kept = {merged.get(old, old) for old in ids or set()} & set(living)
        fits = set(fitting[one.name].split())
        follows = one.state == "active" and (one.kind == "dynamic" or ids is None)
        now = {"draft": set()}.get(one.state, fits if follows else kept)
        stay = {old for old in ids or set() if merged.get(old, old) in now}
        entered = now - {merged.get(old, old) for old in stay}
        runs = one.state == "active" or ids is not None
        held[one.name] = (stay | entered) if runs and one.state != "draft" else None
        if now:
            found[one.name] = sorted(now)
    return ", ".join(f"{name}: {' '.join(ids)}" for name, ids in sorted(found.items()))


@pytest.mark.parametrize("seed", range(12))
def test_members_are_those_of_the_rule_book_whatever_happens(days, seed):
    random = Random(seed)
    held = dict.fromkeys("abcd")
    merged: dict[str, str] = {}
    found, expected = [], []
    for _ in range(12):
        living, merged = _next(random, merged)
        segments = [
            segment(
                name,
                "static" if name in "ab" else "dynamic",
                random.choice(["active", "active", "active", "inactive", "draft"]),
            )
            for name in held
        ]
        fitting = {name: " ".join(one for one in living if random.random() < 0.5) for name in held}
        found.append(days.run(segments, fitting, " ".join(living), merged))
        expected.append(_expected(segments, fitting, living, held, merged))

    assert found == expected


@pytest.mark.parametrize("seed", range(20, 24))
def test_after_a_run_the_log_alone_says_who_is_a_member(days, seed):
    random = Random(seed)
    merged: dict[str, str] = {}
    found, expected = [], []
    for _ in range(8):
        living, merged = _next(random, merged)
        fitting = {"a": " ".join(one for one in living if random.random() < 0.5)}
        expected.append(days.run([segment("a")], fitting, " ".join(living), merged))
        found.append(days.before(merged))

    assert found == expected
