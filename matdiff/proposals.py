"""`proposals`: what may have been meant by a mistake, from one table, in help lines.

A proposal is a change that was tried: with it the whole question can be read and has consistent sizes, or, where more than one thing is
wrong, fewer mistakes are left and no new ones.  All of them share one budget, and the clock of the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain, combinations
from typing import Any, NamedTuple

from matdiff import errors
from matdiff import shape_changes as shapes
from matdiff import text_changes as texts
from matdiff.diagnostic import Help, Label
from matdiff.errors import Errors, Fix, MatdiffError
from matdiff.fits import MOST_READINGS, SEARCH_NODES, Change, Whole, context, fits, whole_of
from matdiff.glued import change_of, split, splits
from matdiff.parts import is_scalar, names_in
from matdiff.relocate import moved, relocated, spans_of
from matdiff.render.text import text as printed
from matdiff.shape_changes import is_column
from matdiff.statements import Statement
from matdiff.syntax import Expr, Span
from matdiff.text_changes import Corrected
from matdiff.texts import LONGEST_CORRECTION, correction, cut, declares, meaning_of, parses, replaced, statement_around
from matdiff.variables import SCALAR_LETTERS, is_greek

# So many corrections of an expression are tried, and shown.
MOST_TRIALS = 24
MOST_FIXES = 3


class Proposals(NamedTuple):
    """Help lines; the label shows where in the text the first of them changes something, if that is not where the mistake is.

    is_whole   they explain the whole statement, so that no other language has to
    """

    help: Sequence[Help] = ()
    label: Label | None = None
    is_whole: bool = False


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
        return _scalars(self.whole, self.cost) if self.whole is not None else ()

    def fits(self, change: Change) -> bool:
        """Whether the question with the change fits, while the budget lasts."""
        self.left -= self.cost
        return self.left >= 0 and self.whole is not None and fits(self.whole, change)

    def reads_and_fits(self, statement: str) -> bool:
        """Whether a statement fits among the others."""
        self.left -= len(statement)
        try:
            return self.left >= 0 and fits(whole_of(statement, *context(self.others)), Change())
        except (MatdiffError, Errors):
            return False

    def moved(self, fix: Fix) -> Fix:
        """The correction with the places of the text."""
        found: Fix = moved(fix, self.by)
        return found


class Row(NamedTuple):
    """What is proposed for some kinds of errors.

    alone    if it proposes something, later rows do not
    """

    kinds: tuple[type[MatdiffError], ...]
    propose: Callable[[Mistake], Proposals]
    alone: bool = True


def proposals(error: MatdiffError, text: str, by: int = 0, others: Sequence[Statement] = ()) -> Proposals:
    """All proposals for an error whose spans, moved by `by`, count code points of `text`."""
    mistake = Mistake(error, text, by, others)
    found = Proposals()
    for row in TABLE:
        if isinstance(error, row.kinds) and not (found.help and row.alone):
            new = row.propose(mistake)
            found = Proposals((*found.help, *new.help), new.label or found.label, found.is_whole or new.is_whole)
            if found.help and row.alone:
                break
    return found


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
    fix = mistake.moved(fixes[0])
    fixed = fixed_text(mistake.text, fix)
    label = Label(fix.name.span, "one name; names may have several letters") if fix.name and fix.name.span else None
    return Proposals(
        [Help("", fixed, fixed)] if fixed else [], label if isinstance(error, errors.UnknownVariable) else None, True
    )


def _new_names(fix: Fix) -> set[object]:
    return {part.value for one in (fix, *fix.others) for part in names_in(one.replacement)}


def _usual_scalars(mistake: Mistake) -> Proposals:
    """Names that usually are numbers, declared as such: the likeliest proposal."""
    names = mistake.scalars
    return _declared(mistake, names) if names and set(names) <= SCALAR_LETTERS else Proposals()


def _other_scalars(mistake: Mistake) -> Proposals:
    """Other names as numbers, where nothing else helps; a power or product of names hardly makes numbers of them."""
    names = mistake.scalars
    return (
        _declared(mistake, names) if names and isinstance(mistake.error, (errors.SumShapes, errors.DivisionKind)) else Proposals()
    )


def _scalars(whole: Whole, cost: int) -> tuple[str, ...]:
    """The fewest undeclared names, not of `wrt`, that would have to be scalars, if there is just one such choice."""
    fresh = [name for name in whole.free if name not in whole.declared]
    names = [name for name in fresh if name not in whole.wrt and not is_greek(name)]
    greek: list[dict[str, str]] = [{}, *({name: "vector"} for name in fresh if is_greek(name))]
    left = min(MOST_READINGS, SEARCH_NODES // cost)
    for size in (1, 2):
        found = []
        for chosen in combinations(names, size):
            for kinds in greek:
                left -= 1
                if left < 0:
                    return ()
                if fits(whole, Change(kinds={**dict.fromkeys(chosen, "scalar"), **kinds})):
                    found.append(chosen)
                    break
        usual = [chosen for chosen in found if set(chosen) <= SCALAR_LETTERS] or found
        if usual:
            return usual[0] if len(usual) == 1 else ()
    return ()


def _declared(mistake: Mistake, names: Sequence[str]) -> Proposals:
    text, declaration = mistake.text, f"{', '.join(names)}: scalar"
    place = min((span.start for span in spans_of(mistake.error)), default=-mistake.by) + mistake.by
    statement = cut(text, statement_around(text, place))
    if len(statement) > LONGEST_CORRECTION:
        return Proposals([Help(f'declare it: --var "{declaration}"')])
    return Proposals([Help(f"declare {'it' if len(names) == 1 else 'them'}", f"{declaration}; {statement}")])


# Changes of the expression


def _changed(candidates: Callable[..., shapes.Groups], most: int = MOST_FIXES) -> Callable[[Mistake], Proposals]:
    """The row for changes of the part at fault: the first group of which something fits."""

    def propose(mistake: Mistake) -> Proposals:
        fixes = tuple(_fitting(mistake, candidates))[:most]
        return Proposals(_fixed(mistake.text, [mistake.moved(fix) for fix in fixes]))

    return propose


def _fitting(mistake: Mistake, candidates: Callable[..., shapes.Groups]) -> Iterator[Fix]:
    whole = mistake.whole
    culprit = whole.failed.culprit if whole is not None and whole.failed is not None else None
    if culprit is None or mistake.cost > SEARCH_NODES // MOST_READINGS:
        return
    trials = 0
    for group in candidates(mistake.error, whole, *culprit):
        found = False
        for fix in group:
            trials += 1
            if trials > MOST_TRIALS:
                return
            if mistake.fits(change_of(fix)):
                found = True
                yield fix
        if found:
            return


def _sum(mistake: Mistake) -> Proposals:
    """Of a sum the smaller change says it; its alternatives would be correct, but are hardly meant.  A name in it may be a number."""
    fixes = tuple(_fitting(mistake, shapes.sum_changes))[:MOST_FIXES]
    found = {fix.what for fix in fixes}
    unlikely = {"transpose"} if "no-transpose" in found else {"ones"} if "linear" in found else set()
    help = _fixed(mistake.text, [mistake.moved(fix) for fix in fixes if fix.what not in unlikely])
    error = mistake.error
    assert isinstance(error, errors.SumShapes)
    for term, other in ((error.left, error.right), (error.right, error.left)):
        is_number = other.op == "name" and is_column(other) and is_scalar(term)
        if is_number and mistake.fits(Change(kinds={str(other.value): "scalar"})):
            help.append(Help(f'declare {other.value} as a scalar: --var "{other.value}: scalar"'))
    return Proposals(help)


# Functions of a vector, of every row of a matrix.
_BY_ROWS = {
    "softmax": "diag(1 ./ (exp({0}) ones)) exp({0})",
    "logsumexp": "log(exp({0}) ones)",
}


def _by_rows(mistake: Mistake) -> Proposals:
    """A function of a vector applied to every row of a matrix."""
    error, whole = mistake.here, mistake.whole
    assert isinstance(error, errors.WrongKind)
    if error.function not in _BY_ROWS or whole is None or whole.failed is None or whole.failed.culprit is None:
        return Proposals()
    written = cut(mistake.text, error.argument.span)
    if written.startswith("(") and written.endswith(")") and parses(written[1:-1]):
        written = written[1:-1]
    by_rows = _BY_ROWS[error.function].format(written)
    meant = meaning_of(by_rows)
    if meant is None or not mistake.fits(Change(parts=[(whole.failed.culprit[0], meant)])):
        return Proposals()
    return Proposals([Help(f"of every row: {by_rows}")])


# What a change is, in two columns: what is written, and these words.
_WORDS = {
    "inner": "inner product (a scalar)",
    "outer": "outer product (a matrix)",
    "elementwise-product": "elementwise product (a vector)",
    "ones-row": "adds it to every row",
    "ones-column": "adds it to every column",
    "ones": "adds it to every entry",
    "elementwise-power-of-matrix": "elementwise power",
    "elementwise-power": "elementwise power",
    "elementwise-square": "elementwise square",
    "sum-of-squares": "sum of squares",
    "elementwise-quotient": "elementwise quotient",
    "inverse": "product with the inverse",
}
# What has to hold for a change.
_CONDITIONS = {
    "gram": "if the columns of {} are independent",
    "linear": "if a linear term was meant",
    "pinv": "if the pseudo-inverse was meant",
}


def _fixed(text: str, fixes: Iterable[Fix]) -> list[Help]:
    """One help line for each change."""
    help: list[Help] = []
    rows: list[tuple[str, str, str]] = []
    for fix in fixes:
        whole = fixed_text(text, fix)
        if whole is None:
            continue
        shown = _spelled(fix.replacement, text)
        if fix.what in ("elementwise-square", "elementwise-power"):
            base, exponent = (arg.span for arg in fix.target.args)
            if base is not None and exponent is not None:  # one dot more in what the user wrote
                dot = Span(base.end, base.end)
                shown = text[base.start : base.end] + "." + text[base.end : exponent.end].lstrip()
                whole = correction(text, replaced(text, dot, "."), base) or whole
        if fix.what == "diag":
            rows.append((shown, _scaled(text, fix), whole))
        elif fix.what in _WORDS:
            rows.append((shown, _WORDS[fix.what], whole))
        elif fix.what == "transpose" and fix.replacement.op == "'":
            help.append(Help(f"transpose {cut(text, fix.target.span)}", whole))
        elif fix.what == "no-transpose":
            help.append(Help("drop the transpose", whole))
        elif fix.what in _CONDITIONS and (fix.what, fix.target.op) != ("gram", "^"):
            condition = _CONDITIONS[fix.what].replace("{}", printed(fix.target))
            help.append(Help(condition, whole, f"{whole if fix.what == 'gram' else shown}, {condition}"))
        else:
            help.append(Help("", whole, whole))
    longest = max((len(shown) for shown, _, _ in rows), default=0)
    return [*help, *(Help(words, whole, f"{shown:<{longest}}   {words}") for shown, words, whole in rows)]


def _scaled(text: str, fix: Fix) -> str:
    """`scales the rows of A by x`."""
    is_first = fix.replacement.args[0].op == "diag"
    matrix = fix.replacement.args[1 if is_first else 0]
    vector = fix.target.args[1 if fix.target.args[0] == matrix else 0]
    return f"scales the {'rows' if is_first else 'columns'} of {cut(text, matrix.span)} by {cut(text, vector.span)}"


def fixed_text(text: str, fix: Fix) -> str | None:
    """The statement with the change; brackets only where it would be read differently without."""
    if fix.target.span is None:
        return None
    span = fix.target.span
    statement = statement_around(text, span.start)
    if statement.end - statement.start > LONGEST_CORRECTION:
        return None
    if fix.name is not None:
        return _split(text, statement, [fix, *fix.others])
    new = _spelled(fix.replacement, text)
    local = Span(span.start - statement.start, span.end - statement.start)
    bare = replaced(cut(text, statement), local, new)
    bracketed = replaced(cut(text, statement), local, f"({new})")
    meant = meaning_of(bracketed)
    if meant is None:
        return None
    return bare if meaning_of(bare) == meant else bracketed


def _split(text: str, statement: Span, fixes: list[Fix]) -> str:
    """The statement with blanks between names that are written together; those in other statements are left to these."""
    whole = cut(text, statement)
    spans = {fix.name.span: fix for fix in fixes if fix.name is not None and fix.name.span is not None}
    for span in sorted(spans, key=lambda span: span.start, reverse=True):
        if not (statement.start <= span.start and span.end <= statement.end):
            continue
        factors = spans[span].replacement.args
        parts = [str((names_in(factor) or [factor])[0].value or factor.op) for factor in factors]
        written = cut(text, span).replace("".join(parts), " ".join(parts))  # in its parentheses, if it has any
        whole = replaced(whole, Span(span.start - statement.start, span.end - statement.start), written)
    return whole


def _spelled(expr: Expr, text: str) -> str:
    """Parts that the user wrote stay as they were written."""
    return cut(text, expr.span) if expr.span is not None and expr.op == "name" else printed(expr)


# Changes of the text


def _corrected(candidates: Callable[..., texts.Changes], most: int = MOST_FIXES) -> Callable[[Mistake], Proposals]:
    """The row for corrected texts: those with which the statement fits, or else those with which fewer mistakes are left."""

    def propose(mistake: Mistake) -> Proposals:
        tried: list[tuple[bool, Corrected, str | None]] = []
        here = mistake.here
        for one in candidates(here, mistake.text, mistake.others):
            fixed = correction(mistake.text, one.text, here.span) if one.text is not None else None
            is_right = fixed is not None and mistake.reads_and_fits(fixed)
            if one.text is None or fixed is not None or one.is_sure:
                tried.append((is_right, one, fixed))
        best = any(is_right for is_right, _, _ in tried)
        found = [one for one in tried if one[1].is_sure or one[2] is None or one[0] == (best or one[1].must_fit)][:most]
        label = found[0][1].label if found else None
        return Proposals([_told(one, fixed) for _, one, fixed in found], label)

    return propose


def _told(one: Corrected, fixed: str | None) -> Help:
    return Help(one.words, fixed, one.line or (None if one.words else fixed))


def _declaration(mistake: Mistake) -> Proposals:
    """A declaration that can be read."""
    found = [one for one in texts.bad_declaration(mistake.here, mistake.text, ()) if one.text and declares(one.text)]
    return Proposals([_told(one, one.text) for one in found])


def _order(mistake: Mistake) -> Proposals:
    """A text whose statements stand in another order."""
    found = [one for one in texts.declared_late(mistake.here, mistake.text, ()) if one.text is None or parses(one.text)]
    return Proposals([_told(one, one.text) for one in found])


# The table

SHAPES = (
    errors.ProductSizes, errors.SumShapes, errors.ElementwiseShapes, errors.NotSquare, errors.WrongKind, errors.BlockSizes,
    errors.PowerKind, errors.DivisionKind, errors.DivisionByZero, errors.IndexRange, errors.ArgumentSizes, errors.UndecidedSizes,
    errors.DefinitionShape,
)  # fmt: skip
TABLE = (
    Row((*SHAPES, errors.UnknownVariable), _glued),
    Row(tuple(kind for kind in SHAPES if kind is not errors.UndecidedSizes), _usual_scalars, alone=False),
    Row((errors.SumShapes,), _sum, alone=False),
    Row((errors.ProductSizes,), _changed(shapes.product_changes), alone=False),
    Row((errors.ElementwiseShapes,), _changed(shapes.elementwise_changes, 1), alone=False),
    Row((errors.NotSquare,), _changed(shapes.square_changes), alone=False),
    Row((errors.PowerKind,), _changed(shapes.power_changes), alone=False),
    Row((errors.DivisionKind,), _changed(shapes.division_changes), alone=False),
    Row((errors.WrongKind,), _by_rows, alone=False),
    Row((errors.SumShapes, errors.DivisionKind), _other_scalars),
    Row((errors.UndecidedSizes,), lambda _: Proposals([Help("declare the sizes of the variables")])),
    Row((errors.UnexpectedText,), _corrected(texts.unexpected)),
    Row((errors.UnclosedBracket,), _corrected(texts.unclosed, 1)),
    Row((errors.ForeignOperator,), _corrected(texts.foreign_operator)),
    Row((errors.UnknownCommand,), _corrected(texts.unknown_command)),
    Row((errors.NeedsParentheses,), _corrected(texts.needs_parentheses)),
    Row((errors.GluedTranspose,), _corrected(texts.glued_transpose)),
    Row((errors.LookAlikeLetter,), _corrected(texts.look_alike)),
    Row((errors.UnknownFunction,), _corrected(texts.unknown_function)),
    Row((errors.WrongArity,), _corrected(texts.wrong_arity)),
    Row((errors.UnknownVariable,), _corrected(texts.unknown_variable)),
    Row((errors.DeclaredLate,), _order),
    Row((errors.BadDeclaration,), _declaration),
)
