"""`corrections`: what may have been meant where sizes do not fit.

Every candidate is a small change of the expression; only those with which the whole statement fits are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

from matdiff.errors import (
    ArgumentSizes,
    DivisionKind,
    ElementwiseShapes,
    Fix,
    MatdiffError,
    NotSquare,
    PowerKind,
    ProductSizes,
    SumShapes,
)
from matdiff.functions import FUNCTIONS
from matdiff.glued import LONGEST, parts_of
from matdiff.parts import constant, is_scalar, names_in, ones_of, unsigned
from matdiff.syntax import Expr
from matdiff.walk import post_order

MOST_FIXES = 3
MOST_TRIALS = 24


def corrections(
    error: MatdiffError, culprit: Expr, args: tuple[Expr, ...], fits: Callable[[Fix], bool], is_fresh: Callable[[str], bool]
) -> tuple[Fix, ...]:
    """At most three changes of `culprit` (typed arguments: `args`) that fit, the smallest first.

    `is_fresh` tells of a name that it is neither declared nor defined, so that it may be two names written as one.
    """
    found: list[Fix] = []
    trials = 0
    for group in candidates(error, culprit, args, is_fresh):
        for fix in group:
            trials += 1
            if trials > MOST_TRIALS or len(found) == MOST_FIXES:
                return tuple(found)
            if fits(fix):
                found.append(fix)
        if found:
            break
    return tuple(found)


def candidates(
    error: MatdiffError, culprit: Expr, args: tuple[Expr, ...], is_fresh: Callable[[str], bool]
) -> Iterator[list[Fix]]:
    """Groups of changes; a later group is of interest only if nothing of the earlier ones fits."""
    if isinstance(error, ProductSizes):
        left, right = place_of(error.left, args), place_of(error.right, args)
        if is_column(error.left) and is_column(error.right):
            yield column_products(culprit, left, right)
        yield split_names([culprit.args[left], culprit.args[right]], is_fresh)
        yield [toggle_fix(culprit.args[left]), toggle_fix(culprit.args[right])]
        yield brackets(culprit, right)
        doubles = double_toggles(culprit, left, right)
        yield [fix for fix in doubles if is_form(fix.replacement)]
        yield exchanges_at(culprit, left, args)
        yield doubles
    elif isinstance(error, SumShapes):
        left, right = place_of(error.left, args), place_of(error.right, args)
        originals = [unsigned(culprit.args[place]) for place in (left, right)]
        yield split_names(originals, is_fresh)
        yield sum_fixes(error, originals[0], originals[1])
        yield [toggle_fix(factor) for one in reversed(originals) for factor in (one, *(one.args if one.op == "*" else ()))]
        yield exchanges(*reversed(originals))
    elif isinstance(error, ElementwiseShapes):
        left, right = place_of(error.left, args), place_of(error.right, args)
        if error.operator == ".*" and len(args) == 2:
            yield scalings(culprit, error.left, error.right)
        yield split_names([culprit.args[left], culprit.args[right]], is_fresh)
        yield [toggle_fix(culprit.args[right]), toggle_fix(culprit.args[left])]
    elif isinstance(error, ArgumentSizes):
        yield [toggle_fix(arg) for arg in reversed(culprit.args)]
    elif isinstance(error, NotSquare):
        yield square_fixes(culprit, error.argument)
    elif isinstance(error, PowerKind):
        base, exponent = culprit.args
        squared = [Fix("inner", culprit, Expr("*", (transposed(base), base)))] if constant(exponent) == 2 else []
        yield [*squared, Fix("elementwise", culprit, Expr(".^", culprit.args))]
    elif isinstance(error, DivisionKind):
        yield exchanges(culprit.args[1])
        inverse = Expr("*", (culprit.args[0], Expr("^", (culprit.args[1], Expr("number", value=-1)))))
        yield [Fix("inverse", culprit, inverse), Fix("elementwise", culprit, Expr("./", culprit.args))]


def place_of(operand: Expr, args: tuple[Expr, ...]) -> int:
    """Where among the typed arguments the operand stands, with or without its minus."""
    return next(place for place, arg in enumerate(args) if arg is operand or (arg.op == "neg" and arg.args[0] is operand))


def transposed(expr: Expr) -> Expr:
    """The transpose, without writing two of them."""
    return expr.args[0] if expr.op == "'" else Expr("'", (expr,))


def toggle_fix(expr: Expr) -> Fix:
    """Transpose the expression, or drop its transpose."""
    return Fix("no-transpose" if expr.op == "'" else "transpose", expr, transposed(expr))


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
    inner = (*factors[:left], transposed(one), *factors[left + 1 :])
    outer = (*factors[:right], transposed(other), *factors[right + 1 :])
    rest = (*factors[left + 1 : right], *factors[right + 1 :])
    both = Expr(".*", (one, other))
    elementwise = Expr("*", (*factors[:left], both, *rest)) if len(factors) > 2 else both
    return [
        Fix("inner", product, Expr("*", inner)),
        Fix("outer", product, Expr("*", outer)),
        Fix("elementwise", product, elementwise),
    ]


def brackets(product: Expr, right: int) -> list[Fix]:
    """`A x^T y` as `A (x^T y)`: the product of two or three factors from the right operand on is taken first."""
    factors = product.args
    return [
        Fix("brackets", product, Expr("*", (*factors[:right], Expr("*", factors[right:end]), *factors[end:])))
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
    return Fix("exchange", product, Expr("*", tuple(factors)))


def double_toggles(product: Expr, left: int, right: int) -> list[Fix]:
    """Two transposes at once, one of them at the place of the error: `x A x^T` as `x^T A x`."""
    fixes = []
    for pair in combinations(range(len(product.args)), 2):
        if left in pair or right in pair:
            factors = [transposed(arg) if place in pair else arg for place, arg in enumerate(product.args)]
            fixes.append(Fix("transpose", product, Expr("*", tuple(factors))))
    return fixes


def split_names(exprs: list[Expr], is_fresh: Callable[[str], bool]) -> list[Fix]:
    """`Ax` as `A x`."""
    fixes = []
    for expr in exprs:
        for name in names_in(expr):
            text = str(name.value)
            if text.isalpha() and len(text) <= LONGEST and is_fresh(text):
                for cut in range(1, len(text)):
                    parts = Expr("name", value=text[:cut]), Expr("name", value=text[cut:])
                    fixes.append(Fix("split-name", name, Expr("*", parts), name=name))
    return fixes


def split_all(exprs: list[Expr], names: list[Expr], known: frozenset[str]) -> Fix | None:
    """The one correction that splits all of these names of the expressions that are made of known ones: `x^T AX`.

    What follows a name belongs to its last part: X X^T, of `XX^T`, is no (X X)^T.
    """
    bases = {
        id(node.args[0]): node for expr in exprs for node in post_order(expr) if node.op in ("'", "^", ".^", "at") and node.args
    }
    fixes: list[Fix] = []
    for name in names:
        parts = parts_of(str(name.value), known)
        if not any(part in known for part in parts):
            continue
        *first, last = [Expr("name", value=part) if part not in ("ones", "zeros") else Expr(part) for part in parts]
        target = name
        is_bare = name.span is not None and name.span.end - name.span.start == len(str(name.value))
        while id(target) in bases and is_bare:
            target = bases[id(target)]
            last = target.replace(args=(last, *target.args[1:]))
        fixes.append(Fix("split-name", target, Expr("*", (*first, last)), name=name))
    return Fix("split-name", fixes[0].target, fixes[0].replacement, tuple(fixes[1:]), fixes[0].name) if fixes else None


def sum_fixes(error: SumShapes, left: Expr, right: Expr) -> list[Fix]:
    """Terms of different kinds: a scalar and a vector, or a matrix and a vector."""
    ones = Expr("ones")
    fixes = []
    for typed_one, typed_other, one, other in (
        (error.left, error.right, left, right),
        (error.right, error.left, right, left),
    ):
        if not is_vector(typed_one):
            continue
        if is_scalar(typed_other):
            vectors = {str(name.value): name for name in names_in(typed_other) if is_column(name) and one.op == "name"}
            fixes += [Fix("linear", one, Expr("*", (transposed(one), Expr("name", value=name)))) for name in vectors]
            fixes.append(Fix("ones", other, Expr("*", (other, ones))))
        elif is_column(typed_one):
            fixes.append(Fix("ones-row", one, Expr("*", (ones, transposed(one)))))
            fixes.append(Fix("ones-column", one, Expr("*", (one, transposed(ones)))))
        elif not is_vector(typed_other):
            fixes.append(Fix("ones-row", one, Expr("*", (ones, one))))
    return fixes


def scalings(product: Expr, left: Expr, right: Expr) -> list[Fix]:
    """`x .* A` as `diag(x) A`, which scales the rows, or as `A diag(x)`, which scales the columns."""
    places = [place for place, operand in enumerate((left, right)) if is_vector(operand)]
    if len(places) != 1:
        return []
    vector, matrix = product.args[places[0]], product.args[1 - places[0]]
    column = is_column((left, right)[places[0]])
    diagonal = Expr("diag", (vector if column else transposed(vector),))
    rows, columns = Expr("*", (diagonal, matrix)), Expr("*", (matrix, diagonal))
    return [Fix("diag", product, rows if column else columns), Fix("diag", product, columns if column else rows)]


def square_fixes(culprit: Expr, argument: Expr) -> list[Fix]:
    """A rectangular matrix where a square one is needed."""
    if is_vector(argument):
        return []
    original = culprit.args[0]
    gram = Expr("*", (transposed(original), original))
    if culprit.op == "^":
        exponent = constant(culprit.args[1])
        if exponent == -1:
            return pseudo_inverse(culprit, original)
        square = [Fix("gram", culprit, gram)] if exponent == 2 else []
        return [*square, Fix("elementwise", culprit, Expr(".^", culprit.args))]
    if culprit.op == "inv":
        return pseudo_inverse(culprit, original)
    return [Fix("gram", original, gram)] if culprit.op in ("det", "logdet") else []


def pseudo_inverse(culprit: Expr, original: Expr) -> list[Fix]:
    """`pinv` instead of an inverse, where the table has it."""
    return [Fix("pinv", culprit, Expr("pinv", (original,)))] if "pinv" in FUNCTIONS else []
