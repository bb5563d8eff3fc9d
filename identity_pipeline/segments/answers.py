"""Every question that rules ask of customers, asked once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import ibis.expr.types as ir

from identity_pipeline.expressions.paths import InsightTables
from identity_pipeline.expressions.views import another
from identity_pipeline.segments.candidates import candidates, fits_leaf
from identity_pipeline.segments.parts import Part
from identity_pipeline.segments.quick import is_at_the_end
from identity_pipeline.terms.segments import Quick

# A leaf's column or table and what it must be or have, or a quick choice; as text, for terms with
# lists are not hashable.
Question = tuple[str, str]


@dataclass(frozen=True)
class Answers:
    """Customers, with an answer to each different question.

    Attributes:
        rows: one row a customer: CustomerId, and a boolean a question, never NULL.
        columns: question -> its column.
    """

    rows: ir.Table
    columns: Mapping[Question, str]

    def to_leaf(self, part: Part) -> ir.BooleanColumn:
        """Whether a customer is, or has, what a leaf says."""
        return self.rows[self.columns[_of_leaf(part)]]

    def to_quick(self, quick: Quick) -> ir.BooleanColumn:
        """Whether a customer is at the end that a quick choice takes."""
        return self.rows[self.columns[_of_quick(quick)]]


def ask(tables: InsightTables, rules: Iterable[Part], quick: Iterable[Quick] = ()) -> Answers:
    """Ask every customer what the rules and quick choices ask.

    Of a thousand segments many ask the same, and each part of a rule that is counted asks what its
    own parts do: here each question is computed once, and rules only combine the answers.

    Raises:
        InsightError: a rule names what is not there, or does not fit it.
    """
    rules = list(rules)
    found = candidates(tables, rules)
    answers: dict[Question, ir.BooleanValue] = {}
    for leaf in (part for rule in rules for part in rule.walk() if part.operator == "leaf"):
        if _of_leaf(leaf) not in answers:
            answers[_of_leaf(leaf)] = fits_leaf(found, leaf)
    for one in quick:
        answers[_of_quick(one)] = is_at_the_end(found, one, ("quick",))
    columns = {question: f"_answer_{number}" for number, question in enumerate(answers)}
    named = {columns[question]: answer for question, answer in answers.items()}
    # A view: without it each use of an answer would be compiled to the whole question.
    return Answers(another(found.wide.select("CustomerId", **named)), columns)


def _of_leaf(part: Part) -> Question:
    return part.name, repr(part.leaf)


def _of_quick(quick: Quick) -> Question:
    return "", repr(quick)
