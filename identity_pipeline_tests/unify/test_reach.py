"""Customers made of what a run can change are those that are made anew, whatever changes."""

import random
from dataclasses import dataclass, field

from identity_pipeline.engine.registry import open_engine
from identity_pipeline.unify import changed_rows, identify, reach
from identity_pipeline_tests.unify.story import Story, table

CUSTOMERS = ("customer", "alternate_key", "key_registry", "former_ids", "profile_registry")
TABLES = [
    *(f"customer.{name}" for name in (*CUSTOMERS, "customer_id_history")),
    *("unify.guarded_values", "unify.kept_values", "unify.consolidated"),
    *("unify.keys", "unify.unified", "customer.match_edges", "customer.edge_registry"),
    *(
        f"unify.{source}_{name}"
        for source in ("contacts", "members", "visits")
        for name in ("profiles", "members", "winners", "duplicates")
    ),
]
NAMES = ["Ann", "Anne", "Bertram", "Bertrand", "Carlotta", "Dev"]
COLUMNS, KEYS, DIGITS = "Nr Mail Phone Name City", 15, "123456789"
FOUND_BY = [
    {"name": "Home", "conditions": [{"column": "Name"}, {"column": "City"}]},
    {
        "name": "Alike",
        "conditions": [{"column": "City"}, {"column": "Name", "precision": 80}],
        "exceptions": [{"column": "Mail", "operator": "different"}],
    },
]

LIMITS = {"records_per_value": {"Phone": 4}, "values_per_customer": {"Mail": 2}}


def unification(chance):
    """Three tables, matched by mail and phone; two clusters."""
    by = [
        [{"name": n, "conditions": [{"left": f"{t}.{n}", "right": n}]} for n in ("Mail", "Phone")]
        for t in ("contacts", "members")
    ]
    inner = [{"name": "SamePhone", "conditions": [{"column": "Phone"}]}, FOUND_BY[1]]
    include = [chance.random() < 0.7 for _ in range(3)]
    return {
        "tables": [
            {"table": "contacts", "include_all": include[0], "deduplicate": inner},
            {"table": "members", "include_all": include[1], "match": by[0], "deduplicate": inner},
            {"table": "visits", "include_all": include[2], "match": [*by[1], *by[0]]},
        ],
        "columns": {
            name: [f"{t}.{name}" for t in ("contacts", "members", "visits")]
            for name in ("Mail", "Name", "City")
        },
        "known_if": {"any_of": [], "or_from": ["contacts", "members"]},
        "guards": chance.choice([{"records_per_value": {"Phone": 4}}, LIMITS]),
        "overrides": {"never_match": "never/{ingestion_date}/*.csv"},
        "households": False,
        "clusters": [
            {"name": "Home", "rules": FOUND_BY[:1]},
            {"name": "Circle", "rules": FOUND_BY},
        ],
    }


@dataclass
class Changing:
    """Three tables whose rows come, go and change."""

    chance: random.Random
    rows: dict[str, dict[str, list[str | None]]] = field(default_factory=dict)

    def step(self):
        """Change a few rows; the tables, and pairs that must not match."""
        for name in ("contacts", "members", "visits"):
            held = self.rows.setdefault(name, {})
            for _ in range(self.chance.randint(0, 4)):
                held[str(self.chance.randint(1, KEYS))] = self.values()
            for key in self.chance.sample(sorted(held), len(held) // 5):
                del held[key]
        tables = {
            name: table(COLUMNS, *(self.row(held, str(key)) for key in range(1, KEYS + 1)))
            for name, held in self.rows.items()
        }
        never = [("S_Contacts", "1", "S_Members", "2"), ("S_Visits", "3", "S_Members", "4")]
        return tables, [pair for pair in never if self.chance.random() < 0.3]

    def row(self, held, key):
        """The row of a key; without it, one without key: the others stay in their lines."""
        return (key, *held[key]) if key in held else (None,) * 5

    def values(self):
        one = self.chance.choice
        texts = [f"m{one(DIGITS)}", f"p{one(DIGITS)}", one(NAMES), f"c{one(DIGITS[:4])}"]
        return [text if self.chance.random() < 0.8 else None for text in texts]


def warehouse(story):
    return {name: sorted(map(repr, story.rows(f"from {name}"))) for name in TABLES}


def play(seed, runs, monkeypatch):
    """Run a changing world twice over, anew and by what changes; the share of keys of each part."""
    monkeypatch.setattr(changed_rows, "SHORT", 0)
    monkeypatch.setattr(changed_rows, "MOST", 1)
    shares = []

    def watched(engine, kept, *others):
        found = reach.reach(engine, kept, *others)
        shares.append(engine.count(found.keys) / engine.count(kept[0]))
        return found

    monkeypatch.setattr(identify, "reach", watched)
    chance = random.Random(seed)
    unify, world = unification(chance), Changing(chance)
    with open_engine(None) as one, open_engine(None) as other:
        anew, changed = Story(one, unify), Story(other, unify, is_alike=True)
        for run in range(runs):
            tables, never = world.step()
            anew.run(tables, never=never)
            changed.run(tables, never=never)
            assert warehouse(changed) == warehouse(anew), f"seed {seed}, run {run + 1}"
    return shares


def test_what_is_made_of_changes_is_what_is_made_anew(monkeypatch):
    shares = play(2, 3, monkeypatch)

    assert len(shares) == 2
    assert min(shares) < 1
