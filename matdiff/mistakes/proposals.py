"""`proposals`: what may have been meant by a mistake, from one table, in help lines.

A proposal is a change that was tried: with it the whole question can be read and has consistent sizes, or, where more than one thing is
wrong, fewer mistakes are left and no new ones.  All of them share one budget, and the clock of the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import chain, combinations
from typing import Any, NamedTuple

from matdiff.infer.fits import Change, fits, readings_of, whole_of
from matdiff.infer.glued import change_of, split, splits
from matdiff.infer.infer import departed
from matdiff.infer.search import MOST_TOLD, Reading, marked
from matdiff.infer.whole import MOST_READINGS, SEARCH_NODES, Whole
from matdiff.language import errors
from matdiff.language.dims import Shape
from matdiff.language.errors import Fix, MatdiffError
from matdiff.language.kinds import SCALAR_LETTERS, declared_shape, is_greek, kind_of
from matdiff.language.queries import is_scalar, names_in, shape_of
from matdiff.language.relocate import moved, relocated, spans_of
from matdiff.language.spelling import matrix_size, unicode_size
from matdiff.language.statements import Statement
from matdiff.mistakes.diagnostic import Help, Label
from matdiff.mistakes.foreign.translation import as_translated, translated
from matdiff.mistakes.shape_changes import SHAPE_CHANGES, fixed_text, help_lines, is_column, meant_kind
from matdiff.mistakes.text_changes import TEXT_CHANGES, Corrected
from matdiff.mistakes.texts import LONGEST_CORRECTION, correction, cut, parses, replaced, statement_around

# So many changes of an expression are tried.
MOST_TRIALS = 24


class Proposals(NamedTuple):
    """Help lines; the label shows where in the text the first of them changes something, if that is not where the mistake is.

    readings         the lines among them that are equally likely readings of the whole, with their shapes
    is_whole         they explain the whole statement, so that no other language has to
    is_translation   another language does
    """

    help: Sequence[Help] = ()
    label: Label | None = None
    is_whole: bool = False
    is_translation: bool = False
    readings: Sequence[Line] = ()


class Line(NamedTuple):
    """A whole statement that can be run, the shape of its value, and in words what it is."""

    text: str
    shape: Shape
    words: str


# How a vector is added to a matrix.
_ADDED = {"to_rows": ", the vector added to each row", "to_columns": ", the vector added to each column"}


class Mistake:
    """An error in its text, and the trials that are left.

    error    with the spans of the question that it carries
    by       how far its spans and those of the question are from their places in `text`
    others   the other statements, which say what names are
    """

    def __init__(self, error: MatdiffError, text: str, by: int, others: Sequence[Statement]) -> None:
        self.error, self.text, self.by, self.others = error, text, by, others
        self.whole = error.whole if isinstance(error.whole, Whole) else None
        self.cost = self.whole.cost if self.whole is not None else 1
        self.left = SEARCH_NODES

    @cached_property
    def here(self) -> Any:
        """The error with the places of the text."""
        return relocated(self.error, self.by)

    @cached_property
    def scalars(self) -> tuple[str, ...]:
        """Undeclared names that would have to be scalars."""
        return _scalars(self)

    def fits(self, change: Change) -> bool:
        """Whether the question with the change fits, while the budget lasts."""
        self.left -= self.cost
        return self.left >= 0 and self.whole is not None and fits(self.whole, change)

    def reads_and_fits(self, statement: str) -> bool:
        """Whether a statement fits among the others."""
        self.left -= len(statement)
        whole = whole_of(statement, self.others) if self.left >= 0 else None
        return whole is not None and fits(whole)


class Row(NamedTuple):
    """What is proposed for some kinds of errors.

    alone    only where nothing was proposed before, and then nothing is after
    """

    kinds: tuple[type[MatdiffError], ...]
    propose: Callable[[Mistake], Proposals]
    alone: bool = True


def proposals(
    error: MatdiffError, text: str, by: int = 0, others: Sequence[Statement] = (), *, translate: bool = True
) -> Proposals:
    """All proposals for an error whose spans, moved by `by`, count code points of `text`.

    translate   whether another language may explain it
    """
    mistake = Mistake(error, text, by, others)
    found = Proposals()
    for row in TABLE:
        if isinstance(error, row.kinds) and not (found.help and row.alone):
            try:
                new = row.propose(mistake)
            except errors.TooLarge:  # there is no time to look for more
                break
            whole, lines = found.is_whole or new.is_whole, (*found.readings, *new.readings)
            found = Proposals((*found.help, *new.help), new.label or found.label, whole, readings=lines)
            if found.help and row.alone:
                break
    return _translated(mistake, found) if translate and not found.is_whole and may_be_foreign(error) else found


# Readings that are equally likely


def _equally_likely(mistake: Mistake) -> Proposals:
    """Each reading with the fewest departures, as a whole line; none where one is the likeliest, or the search found no end."""
    whole = mistake.whole
    found = readings_of(whole) if whole is not None and not mistake.error.code.startswith("E2") else []
    if whole is None or len(found) < 2:
        return Proposals()
    lines = [line for line in (_line(mistake, whole, reading) for reading in found[:MOST_TOLD]) if line is not None]
    marks = [reading.marks[0] if len(reading.marks) == 1 and not reading.kinds else None for reading in found]
    if all(mark is not None and mark.node is whole.expr and mark.node.op != "+" for mark in marks):
        return Proposals(readings=lines)  # what is proposed for the mark says it shorter
    longest = max((len(line.text) for line in lines), default=0)
    help = [Help(line.words, line.text, f"{line.text:<{longest}}   # {line.words}") for line in lines]
    return Proposals(help, readings=lines)


def _line(mistake: Mistake, whole: Whole, reading: Reading) -> Line | None:
    """A reading as a line that says it in full: declarations first."""
    try:
        typed = departed(whole, reading, {})
    except MatdiffError:
        return None
    changed, statement = marked(whole, reading.marks)[0], None
    if reading.marks and changed.expr is not whole.expr:
        statement = fixed_text(mistake.text, moved(Fix("", whole.expr, changed.expr), mistake.by))
        if statement is None:
            return None
    place = whole.expr.span.start + mistake.by if whole.expr.span is not None else 0
    around = statement_around(mistake.text, place)
    if reading.marks and (statement is None or around.end - around.start > LONGEST_CORRECTION):
        return None
    text = mistake.text if statement is None else replaced(mistake.text, around, statement)
    declared = "".join(
        f"{name}: {declared_shape(typed.variables[name].shape)}; " for name in reading.kinds if name in typed.variables
    )
    shape, way = shape_of(typed.expr), reading.marks[-1].way if reading.marks else ""
    return Line(declared + text, shape, described(shape) + _ADDED.get(way, ""))


def described(shape: Shape) -> str:
    """`a scalar`, `a vector of size n`, `a matrix, m × n`."""
    kind = kind_of(shape)
    if kind in ("scalar", "row"):
        return f"a {kind}"
    return f"a vector of size {unicode_size(shape[0])}" if kind == "vector" else f"a matrix, {matrix_size(shape)}"


# Names


def _glued(mistake: Mistake) -> Proposals:
    """All names split that are written together, or for a variable that does not occur the one name in which it is."""
    whole, error = mistake.whole, mistake.error
    if whole is None:
        return Proposals()
    fixes = [split(whole)]
    if isinstance(error, errors.UnknownVariable):
        wanted = error.variable
        holding = [node for node in whole.occurrences.values() if wanted in str(node.value) and node.value != wanted]
        tries = (fix for fix in chain(fixes, splits(whole, holding)) if fix is not None and wanted in _new_names(fix))
        fixes = [next((fix for fix in tries if mistake.fits(change_of(fix))), None)]
    if fixes[0] is None:
        return Proposals()
    fix = moved(fixes[0], mistake.by)
    fixed = fixed_text(mistake.text, fix)
    label = Label(fix.name.span, "one name; names may have several letters") if fix.name and fix.name.span else None
    return Proposals(
        [Help("", fixed, fixed)] if fixed else [], label if isinstance(error, errors.UnknownVariable) else None, True
    )


def _new_names(fix: Fix) -> set[object]:
    return {part.value for one in (fix, *fix.others) for part in names_in(one.replacement)}


def _usual_scalars(mistake: Mistake) -> Proposals:
    """Names that usually are numbers, declared as such: the likeliest proposal."""
    return _declared(mistake) if set(mistake.scalars) <= SCALAR_LETTERS else Proposals()


def _scalars(mistake: Mistake) -> tuple[str, ...]:
    """The fewest undeclared names, not of `wrt`, that would have to be scalars, if there is just one such choice."""
    whole = mistake.whole
    if whole is None:
        return ()
    fresh = [name for name in whole.free if name not in whole.declared]
    names = [name for name in fresh if name not in whole.wrt and not is_greek(name)]
    greek: list[dict[str, str]] = [{}, *({name: "vector"} for name in fresh if is_greek(name))]
    trials = MOST_READINGS
    for size in (1, 2):
        found = []
        for chosen in combinations(names, size):
            for kinds in greek:
                trials -= 1
                if trials < 0 or mistake.left < mistake.cost:
                    return ()
                if mistake.fits(Change(kinds={**dict.fromkeys(chosen, "scalar"), **kinds})):
                    found.append(chosen)
                    break
        usual = [chosen for chosen in found if set(chosen) <= SCALAR_LETTERS] or found
        if usual:
            return usual[0] if len(usual) == 1 else ()
    return ()


def _declared(mistake: Mistake) -> Proposals:
    """Names that would have to be scalars, declared as such."""
    text, names = mistake.text, mistake.scalars
    declaration = f"{', '.join(names)}: scalar"
    if not names:
        return Proposals()
    place = min((span.start for span in spans_of(mistake.error)), default=-mistake.by) + mistake.by
    statement = cut(text, statement_around(text, place))
    if len(statement) > LONGEST_CORRECTION:
        return Proposals([Help(f'declare it: --var "{declaration}"')])
    return Proposals([Help(f"declare {'it' if len(names) == 1 else 'them'}", f"{declaration}; {statement}")])


# Changes


def _changed(mistake: Mistake) -> Proposals:
    """Changes of the part at fault: of the first group in which one fits all that fit."""
    whole, (candidates, most) = mistake.whole, SHAPE_CHANGES[type(mistake.error)]
    culprit = whole.failed.culprit if whole is not None and whole.failed is not None else None
    if culprit is None or mistake.cost > SEARCH_NODES // MOST_READINGS:
        return Proposals()
    trials, found = MOST_TRIALS, list[Fix]()
    for group in candidates(mistake.error, whole, *culprit):
        for fix in group:
            trials -= 1
            if trials < 0 or len(found) == most:
                break
            if mistake.fits(change_of(fix)):
                found.append(fix)
        if found or trials < 0:
            break
    return Proposals(help_lines(mistake.text, [moved(fix, mistake.by) for fix in found]))


def _term_as_scalar(mistake: Mistake) -> Proposals:
    """A vector beside a scalar term may be a number, declared or not."""
    error = mistake.error
    assert isinstance(error, errors.SumShapes)
    for term, other in ((error.left, error.right), (error.right, error.left)):
        name = str(other.value)
        if other.op == "name" and is_column(other) and is_scalar(term) and mistake.fits(Change(kinds={name: "scalar"})):
            return Proposals([Help(f'declare {name} as a scalar: --var "{name}: scalar"')])
    return Proposals()


def _corrected(mistake: Mistake) -> Proposals:
    """Corrected texts: those with which the statement fits, or else those with which fewer mistakes are left."""
    candidates, most = TEXT_CHANGES[type(mistake.error)]
    tried: list[tuple[bool, Corrected, str | None]] = []
    for one in candidates(mistake.here, mistake.text, mistake.others):
        fixed = one.text
        if fixed is not None and one.is_all:
            fixed = fixed if parses(fixed) else None
        elif fixed is not None:
            fixed = correction(mistake.text, fixed, mistake.here.span)
        if one.text is None or fixed is not None or one.is_sure:
            tried.append((fixed is not None and mistake.reads_and_fits(fixed), one, fixed))
    best = any(is_right for is_right, _, _ in tried)
    found = [one for one in tried if one[1].is_sure or one[2] is None or one[0] == (best or one[1].must_fit)][:most]
    help = [Help(one.words, fixed, one.line or (None if one.words else fixed)) for _, one, fixed in found]
    return Proposals(help, found[0][1].label if found else None)


# Another language

# Errors of people who write one.
_FOREIGN = (
    errors.ForeignOperator, errors.UnknownFunction, errors.WrongArity, errors.UnexpectedText,
    errors.NeedsParentheses, errors.WrongKind, errors.PowerKind, errors.DivisionKind, errors.IndexRange, errors.NoSize,
    errors.ProductSizes, errors.UnclosedBracket, errors.UnknownVariable, errors.UnspecifiedFunction,
)  # fmt: skip


def may_be_foreign(problem: object) -> bool:
    """Whether another language may explain the mistake; not where an option in the quotes does."""
    return isinstance(problem, _FOREIGN) and not (isinstance(problem, errors.UnexpectedText) and problem.reason == "option")


def _translated(mistake: Mistake, found: Proposals) -> Proposals:
    """The whole statement in our notation instead of what was found, if it is one of another language."""
    error, text = mistake.here, mistake.text
    span = getattr(error, "span", None)
    statement = cut(text, statement_around(text, span.start)) if span is not None else text
    whole = translated(statement, mistake.others, meant_kind(mistake.error, mistake.whole) if mistake.whole is not None else None)
    if whole is None:
        return found
    if any(help.replacement is not None and as_translated(help.replacement) == whole.text for help in found.help):
        return found._replace(is_translation=True)
    kept = [help for help in found.help if help.replacement is None and isinstance(error, errors.ForeignOperator)]
    help = Help(whole.option, whole.text, None if whole.option else whole.text)
    return Proposals((help, *kept), found.label, is_translation=True)


# The table

# All but those of sizes that nobody can compare.
_DECIDED = (*SHAPE_CHANGES, errors.BlockSizes, errors.IndexRange, errors.ArgumentSizes, errors.DefinitionShape)
TABLE = (
    Row((*_DECIDED, errors.UndecidedSizes, errors.UnknownVariable), _glued),
    Row((*_DECIDED, errors.NumberSummed), _equally_likely),
    Row(_DECIDED, _usual_scalars, alone=False),
    Row(tuple(SHAPE_CHANGES), _changed, alone=False),
    Row((errors.SumShapes,), _term_as_scalar, alone=False),
    # A power or product of names hardly makes numbers of them.
    Row((errors.SumShapes, errors.DivisionKind), _declared),
    Row((errors.UndecidedSizes,), lambda _: Proposals([Help("declare the sizes of the variables")])),
    Row(tuple(TEXT_CHANGES), _corrected),
)
