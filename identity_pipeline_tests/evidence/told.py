"""Stories whose edges are stored and published, so that `why` can be asked about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from identity_pipeline.engine.base import Engine, Numbers, PublishedTable
from identity_pipeline.engine.registry import Limits, OpenEngine, open_engine
from identity_pipeline.evidence.edges import store_edges
from identity_pipeline.evidence.why import Explanation, why
from identity_pipeline.evidence.words import in_words
from identity_pipeline.serving.publish_evidence import evidence_tables
from identity_pipeline.terms import names, tables
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.evidence_contracts import matches_of, reviews_of
from identity_pipeline_tests.unify.story import Rows, Story, Table


@dataclass
class Told:
    """A story that is run, and then asked."""

    story: Story
    file: Path
    environment: Environment | None = None

    def run(self, content: Mapping[str, Table], **files: Sequence[tuple[object, ...]]) -> None:
        self.story.run(content, **files)
        self.environment = self.story._environment(content)
        with self.story.opened.transaction() as engine:
            store_edges(engine, self.environment)

    def edges(self, columns: str) -> Rows:
        return self.story.rows(f"select {columns} from customer.match_edges order by all")

    def explain(self, one: str, other: str) -> Explanation:
        assert self.environment is not None
        published = _published(self.story.opened, self.environment)
        self.story.opened.publish(published, self.file, Numbers({}))
        with open_engine(self.file, Limits(read_only=True)) as opened:
            return why(opened.engine, self.environment, one, other)

    def words(self, one: str, other: str) -> list[str]:
        assert self.environment is not None
        return [line.strip() for line in in_words(self.explain(one, other), self.environment)]


def _published(opened: OpenEngine, environment: Environment) -> list[PublishedTable]:
    engine: Engine = opened.engine
    order = environment.unify.order
    shown = {
        tables.ALTERNATE_KEY.name: names.ALTERNATE_KEY,
        tables.PROFILES.name: names.PROFILE_REGISTRY,
        **{matches_of(environment.source(one)): names.matches(one) for one in order[1:]},
        **{
            reviews_of(environment.source(one)): names.reviews(one)
            for one in order
            if environment.step(one).splink_rules
        },
    }
    found = [PublishedTable(name, engine.table(stored), name) for name, stored in shown.items()]
    return found + evidence_tables(engine, environment)
