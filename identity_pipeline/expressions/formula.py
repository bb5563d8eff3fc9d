"""Formulas: arithmetic over names and numbers, parsed and never executed."""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import ibis.expr.types as ir

from identity_pipeline.expressions.exact import (
    difference,
    is_number,
    kind_of,
    number,
    product,
    ratio,
    total,
)
from identity_pipeline.expressions.row_conditions import Place
from identity_pipeline.terms.errors import InsightError, did_you_mean

Operation = Callable[[ir.NumericValue, ir.NumericValue], ir.NumericValue]
OPERATIONS: dict[type[ast.operator], Operation] = {
    ast.Add: total,
    ast.Sub: difference,
    ast.Mult: product,
    ast.Div: ratio,
}
# How deep a formula may nest, a sum of so many parts included: engines read it by recursion.
MAX_DEPTH = 100


@dataclass(frozen=True)
class Formula:
    """A formula that was read.

    Attributes:
        text: as it is written, on one line.
        names: the names it uses, each once, in order of appearance.
    """

    text: str
    names: tuple[str, ...]


def read_formula(text: str, place: Place = ()) -> Formula:
    """Read a formula: + - * / and brackets over names and numbers.

    Raises:
        InsightError: it is no formula, or it is too deep.
    """
    text = " ".join(text.split())
    tree = _parsed(text, place)
    _check(tree, text, place, MAX_DEPTH)
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    found.sort(key=lambda node: (node.lineno, node.col_offset))
    return Formula(text, tuple(dict.fromkeys(node.id for node in found)))


def calculate(
    formula: Formula, values: Mapping[str, ir.Value], place: Place = ()
) -> ir.NumericValue:
    """A formula's value: NULL where a part is missing, or a division is by zero.

    + - * are exact, of whole numbers a whole number; / has six decimal places.

    Args:
        formula: as `read_formula`.
        values: what its names stand for.
        place: where it is written, for errors.

    Raises:
        InsightError: a name that is unknown, or is no number.
    """
    for name in formula.names:
        if name not in values:
            hint = did_you_mean(name, tuple(values))
            raise InsightError(place, f"there is no '{name}' to calculate with. {hint}")
        if not is_number(values[name]):
            kind = kind_of(values[name])
            raise InsightError(place, f"a formula needs numbers; '{name}' is {kind}")
    return _value(_parsed(formula.text, place), formula.text, values)


def _parsed(text: str, place: Place) -> ast.expr:
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise InsightError(
            place, f"'{text}' is no formula: write names, numbers, + - * / and brackets"
        ) from None


def _check(node: ast.expr, text: str, place: Place, depth: int) -> None:
    if depth == 0:
        raise InsightError(place, f"the formula is more than {MAX_DEPTH} steps deep: split it")
    match node:
        case ast.BinOp(op=op) if type(op) in OPERATIONS:
            _check(node.left, text, place, depth - 1)
            _check(node.right, text, place, depth - 1)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
            _check(node.operand, text, place, depth - 1)
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            try:
                number(_written(text, node))
            except ValueError as error:
                raise InsightError(place, str(error)) from None
        case ast.Name():
            pass
        case _:
            part = _written(text, node)
            raise InsightError(
                place, f"'{part}' is not for a formula: it knows + - * /, brackets, names, numbers"
            )


def _value(node: ast.expr, text: str, values: Mapping[str, ir.Value]) -> ir.NumericValue:
    match node:
        case ast.BinOp():
            operate = OPERATIONS[type(node.op)]
            return operate(_value(node.left, text, values), _value(node.right, text, values))
        case ast.UnaryOp():
            inner = _value(node.operand, text, values)
            return -inner if isinstance(node.op, ast.USub) else inner
        case ast.Name():
            return values[node.id]
    return number(_written(text, node))


def _written(text: str, node: ast.expr) -> str:
    return ast.get_source_segment(text, node) or text
