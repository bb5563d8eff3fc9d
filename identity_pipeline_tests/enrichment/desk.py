"""A warehouse with customers, and an environment's folder to deliver enrichments to."""

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ibis.expr.types as ir
from pydantic import TypeAdapter

from identity_pipeline.engine.registry import OpenEngine
from identity_pipeline.enrichment.enrich import Enriched, enrich, enrichment_columns
from identity_pipeline.terms.enrichments import Enrichment
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.unification import Unification

DAY = datetime.date(2024, 1, 5)
Rows = list[tuple[object, ...]]


def enrichment(**keys: object) -> Enrichment:
    """An enrichment as YAML says it, called `extra`."""
    return TypeAdapter(Enrichment).validate_python({"name": "extra", **keys})


@dataclass
class Desk:
    """One environment and one warehouse.

    Attributes:
        customers: Customer: CustomerId and what a test asks for.
    """

    opened: OpenEngine
    folder: Path
    customers: ir.Table

    @property
    def environment(self) -> Environment:
        """The environment, which has no sources: enrichments read Customer."""
        unify = Unification.model_construct()
        return Environment.model_construct(name="desk", folder=self.folder, unify=unify)

    def have(self, columns: str, *rows: Sequence[object]) -> None:
        """Make Customer: `have("CustomerId Mail Age:int64", ("a", "x@y.org", 3))`."""
        parts = [word.partition(":") for word in columns.split()]
        types = {name: kind or "string" for name, _, kind in parts}
        engine = self.opened.engine
        self.customers = engine.keep(engine.relation(types, rows))

    def enrich(self, asked: Enrichment, through: datetime.date | None = None) -> Enriched:
        """Enrich Customer."""
        return enrich(self.opened.engine, self.environment, asked, self.customers, through)

    def rows(self, asked: Enrichment) -> Rows:
        """The rows of an enrichment, by CustomerId."""
        return self.opened.engine.rows(self.enrich(asked).rows.order_by("CustomerId"))

    def columns(self, asked: Enrichment) -> dict[str, str]:
        """The columns that are known before anything runs."""
        return enrichment_columns(self.environment, asked)

    def deliver(
        self,
        model: Mapping[str, object] | str,
        files: Mapping[str, str | bytes],
        day: datetime.date = DAY,
    ) -> None:
        """Put a model and files where a day's delivery lands."""
        folder = self.folder / "landing" / "extra" / day.isoformat()
        folder.mkdir(parents=True, exist_ok=True)
        text = model if isinstance(model, str) else json.dumps(model)
        (folder / "model.json").write_text(text, encoding="utf-8")
        for name, content in files.items():
            octets = content if isinstance(content, bytes) else content.encode()
            (folder / name).write_bytes(octets)


def model(columns: str, key: str = "CustomerId", **entity: object) -> dict[str, object]:
    """A model.json of `CustomerId Age:int64`, whose key is annotated."""
    parts = [word.partition(":") for word in columns.split()]
    attributes = [{"name": name, "dataType": kind or "string"} for name, _, kind in parts]
    annotations = [{"name": "c360:PrimaryKey", "value": key}]
    whole = {"name": "Extra", "attributes": attributes, "annotations": annotations, **entity}
    return {"name": "Extra", "version": "1.0", "entities": [whole]}
