"""What may have been meant where sizes do not fit: small changes of the expression, untried, the likeliest first; and in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations

from matdiff.functions import FUNCTIONS, LINES, lifted, row_of
from matdiff.infer.fits import Change, shape_with
from matdiff.infer.glued import splits
from matdiff.infer.whole import Whole
from matdiff.language.errors import (
    DivisionKind,
    ElementwiseShapes,
    Fix,
    MatdiffError,
    NotSquare,
    PowerKind,
    ProductSizes,
    SumShapes,
    WrongKind,
)
from matdiff.language.make import transposed
from matdiff.language.queries import constant, is_scalar, names_in, ones_of, post_order, unsigned
from matdiff.language.syntax import Expr, Span
from matdiff.language.text import text as printed
from matdiff.mistakes.diagnostic import Help
from matdiff.mistakes.texts import LONGEST_CORRECTION, correction, cut, meaning_of, replaced, statement_around

Groups = Iterator[Sequence[Fix]]
NOWHERE = Span(0, 0)


# Each yields groups of changes; a later group is of interest only if nothing of the earlier ones fits.


def product_changes(error: ProductSizes, whole: Whole, culprit: Expr, args: tuple[Expr, ...]) -> Groups:
    """A product of factors that do not fit."""
    left, right = place_of(error.left, args), place_of(error.right, args)
    if is_column(error.left) and is_column(error.right):
        yield column_products(culprit, left, right)
    yield list(splits(whole, (culprit.args[left], culprit.args[right])))
    yield [toggle_fix(culprit.args[left]), toggle_fix(culprit.args[right])]
    yield brackets(culprit, right)
    doubles = double_toggles(culprit, left, right)
    yield [fix for fix in doubles if is_form(fix.replacement)]
    yield exchanges_at(culprit, left, args)
    yield doubles


def sum_changes(error: SumShapes, whole: Whole, culprit: Expr, args: tuple[Expr, ...]) -> Groups:
    """Terms of different shapes."""
    one, other = (unsigned(culprit.args[place_of(term, args)]) for term in (error.left, error.right))
    yield list(splits(whole, (one, other)))
    yield from sum_fixes(error, one, other)
    toggles = [toggle_fix(factor) for term in (other, one) for factor in (term, *(term.args if term.op == "*" else ()))]
    yield [fix for fix in toggles if fix.target.op == "'"]
    yield toggles
    yield exchanges(other, one)


def elementwise_changes(error: ElementwiseShapes, whole: Whole, culprit: Expr, args: tuple[Expr, ...]) -> Groups:
    """Operands of different shapes."""
    left, right = (culprit.args[place_of(operand, args)] for operand in (error.left, error.right))
    if error.operator == ".*" and len(args) == 2:
        yield scalings(culprit, error.left, error.right)
    yield list(splits(whole, (left, right)))
    yield [toggle_fix(right), toggle_fix(left)]


def square_changes(error: NotSquare, whole: Whole, culprit: Expr, args: tuple[Expr, ...]) -> Groups:
    """A rectangular matrix where a square one is needed."""
    if is_vector(error.argument):
        return
    original = culprit.args[0]
    gram = Expr("*", (transposed(original), original))
    exponent = constant(culprit.args[1]) if culprit.op == "^" else None
    if culprit.op == "inv" or exponent == -1:
        yield [Fix("if the pseudo-inverse was meant", culprit, Expr("pinv", (original,)))] if "pinv" in FUNCTIONS else []
    elif culprit.op == "^":
        square = [Fix("", culprit, gram)] if exponent == 2 else []
        yield [*square, Fix("elementwise power", culprit, Expr(".^", culprit.args))]
    elif culprit.op in ("det", "logdet"):
        yield [Fix("if the columns of {} are independent", original, gram)]


def power_changes(error: PowerKind, whole: Whole, culprit: Expr, args: tuple[Expr, ...]) -> Groups:
    """A power of a vector."""
    base, exponent = culprit.args
    squared = [Fix("sum of squares", culprit, Expr("*", (transposed(base), base)))] if constant(exponent) == 2 else []
    what = "square" if exponent.value == 2 else "power"
    yield [*squared, Fix(f"with a dot: elementwise {what}", culprit, Expr(".^", culprit.args))]


def division_changes(error: DivisionKind, whole: Whole, culprit: Expr, args: tuple[Expr, ...]) -> Groups:
    """Division by a vector or matrix: by a product of more factors, `a / x^T x`, or entry by entry where that leaves the kind."""
    numerator, denominator = culprit.args
    yield [Fix("", parent, changed) for parent, changed in longer_denominators(whole, culprit)]
    yield exchanges(denominator)
    inverse = Fix("product with the inverse", culprit, Expr("*", (numerator, Expr("^", (denominator, Expr("number", value=-1))))))
    by_entries = Expr("./", culprit.args)
    meant = meant_kind(error, whole)
    keeps_kind = meant is None or kind_with(whole, culprit, by_entries) == meant
    yield [inverse, *([Fix("elementwise quotient", culprit, by_entries)] if keeps_kind else [])]


def meant_kind(error: object, whole: Whole) -> tuple[bool, bool] | None:
    """The kind that the question has where every part has the kind that it must have; None where that is not known.

    A quotient has the kind of its numerator; only of a number that stands alone it is not known.
    """
    if not isinstance(error, DivisionKind) or whole.failed is None or whole.failed.culprit is None:
        return None
    culprit = whole.failed.culprit[0]
    numerator = culprit.args[0]
    return None if whole.meaning is culprit and numerator.op == "number" else kind_with(whole, culprit, numerator)


def kind_with(whole: Whole, part: Expr, other: Expr) -> tuple[bool, bool] | None:
    """Whether the question with another part has one row and one column; None where it does not fit."""
    shape = shape_with(whole, Change(parts=[(part, other)], soft=False))
    return None if shape is None else (shape[0].is_one, shape[1].is_one)


def kind_changes(error: WrongKind, whole: Whole, culprit: Expr, args: tuple[Expr, ...]) -> Groups:
    """A function of a vector applied to every row or column of a matrix."""
    for along, line in zip(LINES, ("row", "column")) if row_of(culprit.op).takes_vectors else ():
        yield [Fix(f"of every {line}", culprit, Expr(lifted(culprit.op, along), culprit.args))]


def longer_denominators(whole: Whole, quotient: Expr) -> Iterator[tuple[Expr, Expr]]:
    """The products (a / b) c d that begin with the quotient a / b, as a / (b c) d and a / (b c d)."""
    numerator, denominator = quotient.args
    for part in whole.parts:
        for product in post_order(part):
            if product.op != "*" or not any(factor is quotient for factor in product.args):
                continue
            place = next(place for place, factor in enumerate(product.args) if factor is quotient)
            before, behind = product.args[:place], product.args[place + 1 :]
            for end in range(1, len(behind) + 1):
                longer = Expr("/", (numerator, Expr("*", (denominator, *behind[:end]))))
                factors = (*before, longer, *behind[end:])
                yield product, factors[0] if len(factors) == 1 else Expr("*", factors)


def place_of(operand: Expr, args: tuple[Expr, ...]) -> int:
    """Where among the typed arguments the operand stands, with or without its minus."""
    return next(place for place, arg in enumerate(args) if arg is operand or (arg.op == "neg" and arg.args[0] is operand))


def toggle_fix(expr: Expr) -> Fix:
    """Transpose the expression, or drop its transpose."""
    return Fix("drop the transpose" if expr.op == "'" else "transpose {}", expr, transposed(expr))


def is_column(expr: Expr) -> bool:
    """Whether the typed expression is a column vector."""
    return ones_of(expr) == (False, True)


def is_vector(expr: Expr) -> bool:
    """Whether the typed expression is a column or a row."""
    rows, columns = ones_of(expr)
    return rows != columns


def column_products(product: Expr, left: int, right: int) -> list[Fix]:
    """The three products of two columns x y: x^T y, x y^T and x .* y."""
    factors = product.args
    one, other = factors[left], factors[right]
    inner = Expr("*", (*factors[:left], transposed(one), *factors[left + 1 :]))
    outer = Expr("*", (*factors[:right], transposed(other), *factors[right + 1 :]))
    rest = (*factors[:left], Expr(".*", (one, other)), *factors[left + 1 : right], *factors[right + 1 :])
    return [
        Fix("inner product (a scalar)", product, inner),
        Fix("outer product (a matrix)", product, outer),
        Fix("elementwise product (a vector)", product, rest[0] if len(rest) == 1 else Expr("*", rest)),
    ]


def brackets(product: Expr, right: int) -> list[Fix]:
    """`A x^T y` as `A (x^T y)`: the product of two or three factors from the right operand on is taken first."""
    factors = product.args
    return [
        Fix("", product, Expr("*", (*factors[:right], Expr("*", factors[right:end]), *factors[end:])))
        for end in (right + 2, right + 3)
        if end <= len(factors) and right > 0
    ]


def exchanges_at(product: Expr, left: int, args: tuple[Expr, ...]) -> list[Fix]:
    """`x A` as `A x`: two neighbours exchanged, first those that do not fit, then one of them and its other neighbour.

    Not `A x` as `x A`, nor `x^T A` as `A x^T`: a matrix beside a vector stands where it can be multiplied.
    """
    pairs = [place for place in (left, left - 1, left + 1) if 0 <= place < len(args) - 1]
    kinds = [is_vector(arg) and ("column" if is_column(arg) else "row") for arg in args]
    pairs = [p for p in pairs if (kinds[p], kinds[p + 1]) not in ((False, "column"), ("row", False))]
    return [exchange(product, place) for place in sorted(pairs, key=lambda place: is_turned_last(product, place))]


def is_form(product: Expr) -> bool:
    """Whether a product is x^T ... x, as a quadratic form is."""
    return product.args[0] == transposed(product.args[-1])


def exchanges(*exprs: Expr) -> list[Fix]:
    """Every two neighbours of every product in the expressions exchanged."""
    products = [node for expr in exprs for node in post_order(expr) if node.op == "*"]
    pairs = [(product, place) for product in products for place in range(len(product.args) - 1)]
    return [exchange(product, place) for product, place in sorted(pairs, key=lambda pair: is_turned_last(*pair))]


def is_turned_last(product: Expr, place: int) -> bool:
    """Whether the exchange makes x y^T of y^T x, which is hardly meant where another one fits."""
    first, second = product.args[place : place + 2]
    return first.op == "'" and second.op != "'"


def exchange(product: Expr, place: int) -> Fix:
    """The factor at this place and the next one exchanged."""
    factors = list(product.args)
    factors[place : place + 2] = factors[place + 1], factors[place]
    return Fix("", product, Expr("*", tuple(factors)))


def double_toggles(product: Expr, left: int, right: int) -> list[Fix]:
    """Two transposes at once, one of them at the place of the error: `x A x^T` as `x^T A x`."""
    fixes = []
    for pair in combinations(range(len(product.args)), 2):
        if left in pair or right in pair:
            factors = [transposed(arg) if place in pair else arg for place, arg in enumerate(product.args)]
            fixes.append(Fix("", product, Expr("*", tuple(factors))))
    return fixes


def sum_fixes(error: SumShapes, left: Expr, right: Expr) -> Groups:
    """Terms of different kinds: a scalar and a vector, or a matrix and a vector."""
    ones = Expr("ones")
    linear: list[Fix] = []
    spread: list[Fix] = []
    for typed_one, typed_other, one, other in (
        (error.left, error.right, left, right),
        (error.right, error.left, right, left),
    ):
        if not is_vector(typed_one):
            continue
        if is_scalar(typed_other):
            vectors = {str(name.value): name for name in names_in(typed_other) if is_column(name) and one.op == "name"}
            linear += [
                Fix("if a linear term was meant", one, Expr("*", (transposed(one), Expr("name", value=name)))) for name in vectors
            ]
            spread.append(Fix("adds it to every entry", other, Expr("*", (other, ones))))
        elif is_column(typed_one):
            spread.append(Fix("adds it to every row", one, Expr("*", (ones, transposed(one)))))
            spread.append(Fix("adds it to every column", one, Expr("*", (one, transposed(ones)))))
        elif not is_vector(typed_other):
            spread.append(Fix("adds it to every row", one, Expr("*", (ones, one))))
    yield linear
    yield spread


def scalings(product: Expr, left: Expr, right: Expr) -> list[Fix]:
    """`x .* A` as `diag(x) A`, which scales the rows, or as `A diag(x)`, which scales the columns."""
    places = [place for place, operand in enumerate((left, right)) if is_vector(operand)]
    if len(places) != 1:
        return []
    vector, matrix = product.args[places[0]], product.args[1 - places[0]]
    column = is_column((left, right)[places[0]])
    diagonal = Expr("diag", (vector if column else transposed(vector),))
    rows, columns = Expr("*", (diagonal, matrix)), Expr("*", (matrix, diagonal))
    by_rows, by_columns = (
        Fix("scales the rows of {} by {}", product, rows),
        Fix("scales the columns of {} by {}", product, columns),
    )
    return [by_rows, by_columns] if column else [by_columns, by_rows]


# The changes of each kind of error, and how many of them are shown at most.
SHAPE_CHANGES: dict[type[MatdiffError], tuple[Callable[..., Groups], int]] = {
    ProductSizes: (product_changes, 3),
    SumShapes: (sum_changes, 3),
    ElementwiseShapes: (elementwise_changes, 1),
    NotSquare: (square_changes, 3),
    PowerKind: (power_changes, 3),
    DivisionKind: (division_changes, 3),
    WrongKind: (kind_changes, 1),
}


# Changes in words


def help_lines(text: str, fixes: Iterable[Fix]) -> list[Help]:
    """One line for each change: what is written instead and what it is in two columns, or the whole and its condition."""
    help: list[Help] = []
    rows: list[tuple[str, str, str]] = []
    for fix in fixes:
        whole, shown = fixed_text(text, fix), _spelled(fix.replacement, text)
        if whole is None:
            continue
        if not fix.what:
            help.append(Help("", whole, whole))
        elif fix.what.startswith("with a dot: "):
            base, exponent = (arg.span or NOWHERE for arg in fix.target.args)
            shown = text[base.start : base.end] + "." + text[base.end : exponent.end].lstrip()
            whole = correction(text, replaced(text, Span(base.end, base.end), "."), base) or whole
            rows.append((shown, fix.what.partition(": ")[2], whole))
        elif fix.what == "of every row":
            help.append(Help(f"{fix.what}: {shown}"))
        elif fix.what.startswith("if "):
            condition = fix.what.replace("{}", printed(fix.target))
            help.append(Help(condition, whole, f"{shown if condition == fix.what else whole}, {condition}"))
        elif fix.what.startswith("scales "):
            rows.append((shown, fix.what.format(*_scaled(text, fix)), whole))
        elif fix.what.startswith(("transpose ", "drop ")):
            help.append(Help(fix.what.replace("{}", cut(text, fix.target.span)), whole))
        else:
            rows.append((shown, fix.what, whole))
    longest = max((len(shown) for shown, _, _ in rows), default=0)
    return [*help, *(Help(words, whole, f"{shown:<{longest}}   {words}") for shown, words, whole in rows)]


def _scaled(text: str, fix: Fix) -> tuple[str, str]:
    """The matrix that is scaled, and the vector."""
    matrix = fix.replacement.args[1 if fix.what.startswith("scales the rows") else 0]
    vector = fix.target.args[1 if fix.target.args[0] == matrix else 0]
    return cut(text, matrix.span), cut(text, vector.span)


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
