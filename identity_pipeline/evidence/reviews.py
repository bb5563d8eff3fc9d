"""Reviews: what a probabilistic rule says of two records that it did not join."""

from dataclasses import dataclass

from identity_pipeline.evidence.questions import Question
from identity_pipeline.evidence.records import Published
from identity_pipeline.expressions.views import another
from identity_pipeline.terms.evidence_contracts import reviews_of


@dataclass(frozen=True)
class Review:
    """What a probabilistic rule says of two records.

    Attributes:
        probability: of their most probable pair of keys that is listed for review; None where none
            is: it is less probable, or no way of blocking finds it.
        review, accept: the rule's limits.
    """

    probability: float | None
    review: float
    accept: float


def review_of(published: Published, question: Question) -> Review:
    """Look for a pair of the two records' keys among those listed for review.

    Args:
        published: the published file.
        question: a probabilistic rule and the records.
    """
    assert question.model is not None
    source = published.environment.source(question.table)
    listed = published.table(reviews_of(source))
    own = listed.filter(listed.rule == question.rule)
    [left_table] = question.left_tables
    lefts = published.rows_of(left_table, [question.left]).select(left_key="_key").distinct()
    rights = published.rows_of(question.table, [question.right]).select(_right_key="_key")
    rights = another(rights.distinct())
    pairs = own.semi_join(lefts, "left_key")
    pairs = pairs.semi_join(rights, pairs.right_key == rights._right_key)
    [(probability,)] = published.engine.rows(pairs.aggregate(best=pairs.probability.max()))
    return Review(
        None if probability is None else float(str(probability)),
        question.model.review,
        question.model.accept,
    )
