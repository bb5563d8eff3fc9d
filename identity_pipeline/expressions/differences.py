"""Differences: how far apart two numbers, dates or timestamps are, and whether that is allowed."""

from decimal import Decimal

import ibis
import ibis.expr.types as ir

from identity_pipeline.expressions.similarity import EXACT, NEAR
from identity_pipeline.terms.periods import Period

SECONDS_A_DAY = 86_400
# Nine places for numbers: the digits before the point are the other 29 of the engines' largest.
NUMBER = "decimal(38, 9)"


def differs_within(
    left: ir.StringValue, right: ir.StringValue, within: Decimal | Period
) -> ir.BooleanValue:
    """Say whether two values lie at most so far apart; exactly so far is allowed.

    Args:
        left, right: numbers, dates or timestamps, as conditions compare them: as text.
        within: a number, or a period in days or weeks; a day has 24 hours, and a timestamp counts
            in whole seconds.

    Returns:
        TRUE where they do; FALSE or NULL where either side is NULL.
    """
    return _apart(left, right, within) <= _allowed(within)


def difference_score(
    left: ir.StringValue, right: ir.StringValue, within: Decimal | Period
) -> ir.FloatingValue:
    """Score how near two values are: 1.0 where equal, 0.5 at the farthest that is allowed.

    score = 1 - difference / (2 * within), not below 0, rounded down to whole percent: of two
    candidates the nearer one is the better.

    Args:
        left, right, within: as `differs_within`.

    Returns:
        A ratio from 0.0 to 1.0, symmetric; NULL where either side is NULL.
    """
    twice = 2 * float(_allowed(within))
    share = 1 - _apart(left, right, within).cast("float64") / twice
    # `greatest` passes over NULL.
    share = ibis.ifelse(share < 0, 0.0, share)
    return (share * EXACT + NEAR).floor().cast("int64") / EXACT


def _apart(
    left: ir.StringValue, right: ir.StringValue, within: Decimal | Period
) -> ir.NumericValue:
    if isinstance(within, Period):
        return (_seconds(left) - _seconds(right)).abs()
    return (left.try_cast(NUMBER) - right.try_cast(NUMBER)).abs()


def _seconds(value: ir.StringValue) -> ir.IntegerValue:
    return value.try_cast("timestamp").truncate("s").epoch_seconds()


def _allowed(within: Decimal | Period) -> Decimal | int:
    return within.days * SECONDS_A_DAY if isinstance(within, Period) else within
