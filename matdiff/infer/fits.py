"""`fits`: whether a question with a change can be read and has consistent sizes.

The change is one of the text, of parts of the expression, or of the kinds of undeclared names.  Readers, soft kinds and proposals all
ask here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from matdiff.infer.variables import declare
from matdiff.infer.whole import Whole
from matdiff.language.errors import CircularDefinition, Errors, MatdiffError, TooLarge
from matdiff.language.kinds import Variable
from matdiff.language.queries import bare, shape_of
from matdiff.language.statements import Declaration, Definition, Question
from matdiff.language.syntax import Expr
from matdiff.read.parse import parse

if TYPE_CHECKING:
    from matdiff.infer.search import Reading
    from matdiff.language.dims import Shape
    from matdiff.language.statements import Statement


class Change(NamedTuple):
    """A change of a question; what it does not name stays.

    parts    nodes of the expression or of a definition, found by identity, and what stands there instead
    kinds    kinds of names instead of those that are declared or that their spelling suggests
    soft     whether a soft reading will do; with a change of a part it would be a second change
    """

    parts: Sequence[tuple[Expr, Expr]] = ()
    kinds: Mapping[str, str] = {}
    soft: bool = True


NOTHING = Change()


def fits(whole: Whole, change: Change = NOTHING) -> bool:
    """Whether the question with the change still has the variables asked for, and has consistent sizes."""
    return shape_with(whole, change) is not None


def shape_with(whole: Whole, change: Change = NOTHING) -> Shape | None:
    """The shape of the question with the change, with provisional sizes; None where it does not fit.

    A name that became a scalar must be added to scalars, not to every entry of an array.  What there is no time to try does not fit.
    """
    try:
        return _shape_with(whole, change)
    except TooLarge:
        return None


def _shape_with(whole: Whole, change: Change) -> Shape | None:
    try:
        changed = whole.with_parts(change.parts) if change.parts else whole
        if not all(name in changed.occurrences for name in changed.wrt):
            return None
        shaping = changed.shaping(change.kinds)
        expr = changed.shaped(shaping)[1]
    except (CircularDefinition, TooLarge):
        return None
    except MatdiffError:
        reading = reading_of(changed) if change.soft and not change.kinds else None
        if reading is None or reading.marks:
            return None
        return _shape_with(changed, Change(kinds=reading.kinds)) if reading.kinds else None
    is_spread = any(change.kinds.get(str(bare(scalar).value)) == "scalar" for scalar, _ in shaping.broadcasts)
    return None if is_spread else shape_of(expr)


def readings_of(whole: Whole) -> list[Reading]:
    """The readings of a question with the fewest departures that fit; see `search`."""
    from matdiff.infer.search import readings  # most questions fit as they are spelled

    if whole.readings is None:
        whole.readings = readings(whole)
    return whole.readings


def reading_of(whole: Whole) -> Reading | None:
    """The one reading with the fewest departures that fits; None where none or several fit.

    A product of vectors, or a square as an inner product, is never chosen for anybody.
    """
    found = readings_of(whole)
    is_told = len(found) == 1 and all(mark.is_told for mark in found[0].marks)
    return found[0] if is_told else None


def of_summed(whole: Whole, names: Sequence[str]) -> list[Reading]:
    """Of numbers that are summed: the reading in which they are vectors, entry by entry, if it fits, and the one as it is written."""
    from matdiff.infer.search import Reading, readings

    as_vectors = {**whole.kinds, **dict.fromkeys(names, "vector")}
    found = readings(Whole(whole.expr, whole.declared, whole.all_definitions, whole.wrt, as_vectors))
    entrywise = [one for one in found if all(mark.way == "entries" for mark in one.marks)]
    vectors = [Reading({**one.kinds, **dict.fromkeys(names, "vector")}, one.marks, one.cost) for one in entrywise[:1]]
    return [*vectors, Reading(dict.fromkeys(names, "scalar"))]


def whole_of(text: str, others: Sequence[Statement] = ()) -> Whole | None:
    """The question that a changed text asks beside other statements; None where it cannot be read, or asks nothing."""
    try:
        known = [statement.name for statement in others if not isinstance(statement, Question)]
        statements = [*others, *parse(text, known=known)]
        question = statements[-1]
        if isinstance(question, Question):
            return Whole(question.expr, *context(statements), kinds=question.kinds)
    except (MatdiffError, Errors):
        pass
    return None


def context(statements: Sequence[Statement]) -> tuple[dict[str, Variable], dict[str, Expr]]:
    """What statements declare and define; the last definition of a name counts.  Raises MatdiffError or Errors."""
    declarations = [statement for statement in statements if isinstance(statement, Declaration)]
    return declare(declarations), {
        statement.name: statement.expr for statement in statements if isinstance(statement, Definition)
    }
