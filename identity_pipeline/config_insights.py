"""Reading what an environment says of insights and exports; each file may be missing."""

from dataclasses import dataclass, field
from pathlib import Path

from identity_pipeline.config_yaml import Document, read_document
from identity_pipeline.terms.activities import Activities, Relationships
from identity_pipeline.terms.base import Term
from identity_pipeline.terms.enrichments import Enrichments
from identity_pipeline.terms.exports import Exports
from identity_pipeline.terms.measures import Measures
from identity_pipeline.terms.segments import Segments

# File -> its term.
KINDS: dict[str, type[Term]] = {
    "relationships.yaml": Relationships,
    "activities.yaml": Activities,
    "enrichments.yaml": Enrichments,
    "measures.yaml": Measures,
    "segments.yaml": Segments,
    "exports.yaml": Exports,
}


@dataclass(frozen=True)
class InsightFiles:
    """The files of insights that are there.

    Attributes:
        documents: file -> what was read.
        fields: fields of the environment -> terms, from files without problems of their own.
    """

    documents: dict[str, Document] = field(default_factory=dict)
    fields: dict[str, tuple[Term, ...]] = field(default_factory=dict)

    def add(self, term: Term) -> None:
        """Take the lists of a file's term as fields of the environment."""
        self.fields.update({name: getattr(term, name) for name in type(term).model_fields})


def insight_documents(folder: Path) -> dict[str, Document]:
    """The files of insights in an environment, by name."""
    present = (name for name in KINDS if (folder / name).is_file())
    return {name: read_document(folder, folder / name) for name in present}
