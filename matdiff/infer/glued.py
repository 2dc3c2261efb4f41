"""Names written together, `Ax` for `A x`: which words are made of names, and the question with all of them split, if it fits."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from matdiff.functions import NAMES
from matdiff.infer.fits import Change, fits, reading_of
from matdiff.infer.whole import Whole
from matdiff.language.errors import Fix
from matdiff.language.queries import names_in, post_order
from matdiff.language.syntax import Expr, Span
from matdiff.read.tokens import CONSTANTS, GREEK

# A longer name is a word, not a product of letters.
LONGEST = 16
_WORDS = frozenset((*GREEK.values(), "ones", "zeros"))


def names_of_text(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(re.findall(r"[^\W\d_]\w*", text))


def parts_of(text: str, known: Collection[str]) -> list[str]:
    """Names of `known`, Greek letters, `ones` and capital letters, of which the text is made; none where it is not, or is one of them.

    The longest part is taken first: `XXbeta` is X X beta.
    """
    if len(text) > LONGEST or not text.isalpha():
        return []
    parts: list[str] = []
    place = 0
    while place < len(text):
        longest = len(text) - 1 if place == 0 else len(text) - place
        words = (text[place : place + length] for length in range(longest, 0, -1))
        part = next((word for word in words if word in known or word in _WORDS), text[place])
        if part not in known and part not in _WORDS and (not part.isupper() or part in CONSTANTS):
            return []
        parts.append(part)
        place += len(part)
    return parts


def factors_before(written: str, known: Collection[str]) -> list[str]:
    """`Bdiag` as B and diag: the names written together with the function at the end; none where it is not so."""
    for place in range(1, len(written)):
        before, function = written[:place], written[place:]
        alone = before in GREEK.values() or (place == 1 and before.isupper())
        names = [before] if alone else parts_of(before, known)
        if function in NAMES and names:
            return [*names, function]
    return []


def factors_of(written: str, known: Collection[str]) -> list[str]:
    """The factors that a word stands for: itself where it is known, else names before a function, names, or two letters."""
    if written in known or written in NAMES:
        return [written]
    two = list(written) if len(written) == 2 and written.isalpha() else [written]
    return parts_of(written, known) or factors_before(written, known) or two


def split(whole: Whole) -> Fix | None:
    """The question with all names split that are written together of names used elsewhere, if that fits."""
    names = [node for part in whole.parts for node in names_in(part) if len(str(node.value)) > 1 and node.value not in whole.wrt]
    glued = [node for node in names if whole.is_fresh(str(node.value))]
    if not glued:
        return None
    known = frozenset(name for name in (*whole.occurrences, *whole.wrt) if len(name) == 1 or not whole.is_fresh(name))
    fix = _of_known(whole.parts, glued, known)
    if fix is None:
        return None
    return fix if fits(whole, change_of(fix)) or reading_of(as_products(whole, fix)) is not None else None


def other_groupings(whole: Whole) -> Iterator[Fix]:
    """`A .* B C` as (A .* B) C, where that fits too and the product is not in brackets."""
    for part in whole.parts:
        for node in post_order(part):
            product = node.args[-1] if node.op in (".*", "./", "kron") and len(node.args) > 1 else node
            if product is node or product.op != "*" or product.span is None or product.args[0].span is None:
                continue
            if product.span.start != product.args[0].span.start or not _lie_apart(product.args):
                continue
            first = node.replace(args=(*node.args[:-1], product.args[0]))
            fix = Fix("", node, Expr("*", (first, *product.args[1:])))
            if fits(whole, Change(parts=[(node, fix.replacement)], soft=False)):
                yield fix


def _lie_apart(exprs: Sequence[Expr]) -> bool:
    """Whether they stand one behind the other in the text, as what somebody wrote does."""
    spans = [expr.span for expr in exprs if expr.span is not None]
    return len(spans) == len(exprs) and all(one.end <= other.start for one, other in zip(spans, spans[1:]))


def change_of(fix: Fix) -> Change:
    """The change of the question that a correction is."""
    return Change(parts=[(one.target, one.replacement) for one in (fix, *fix.others)], soft=fix.name is not None)


def as_products(whole: Whole, fix: Fix) -> Whole:
    """The question with the names that a correction splits as factors of the products in which they stand."""
    parts = change_of(fix).parts
    changed, made = whole.with_parts(parts), {id(product) for _, product in parts}
    longer: list[tuple[Expr, Expr]] = []
    for part in changed.parts:
        for node in post_order(part):
            if node.op == "*" and any(id(factor) in made for factor in node.args):
                factors = [one for factor in node.args for one in (factor.args if id(factor) in made else (factor,))]
                longer.append((node, node.replace(args=tuple(factors))))
    return changed.with_parts(longer)


def splits(whole: Whole, exprs: Iterable[Expr]) -> Iterator[Fix]:
    """Each name of the expressions in two, `Ax` as `A x`, one at a time and at every place; untried."""
    for name in (name for expr in exprs for name in names_in(expr)):
        text = str(name.value)
        if text.isalpha() and len(text) <= LONGEST and whole.is_fresh(text):
            for cut in range(1, len(text)):
                parts = Expr("name", value=text[:cut]), Expr("name", value=text[cut:])
                yield Fix("", name, Expr("*", parts), name=name)


def _of_known(exprs: Iterable[Expr], names: Iterable[Expr], known: Collection[str]) -> Fix | None:
    """The one correction that splits all of these names of the expressions that are made of known ones: `x^T AX`.

    What follows a name belongs to its last part: X X^T, of `XX^T`, is no (X X)^T.
    """
    marked = ("'", "^", ".^", "at")
    bases = {id(node.args[0]): node for expr in exprs for node in post_order(expr) if node.op in marked and node.args}
    fixes: list[Fix] = []
    for name in names:
        parts = parts_of(str(name.value), known)
        if not any(part in known for part in parts):
            continue
        is_bare = name.span is not None and name.span.end - name.span.start == len(str(name.value))
        *first, last = _placed(parts, name.span if is_bare else None)
        target = name
        while id(target) in bases and is_bare:
            target = bases[id(target)]
            last = target.replace(args=(last, *target.args[1:]))
        fixes.append(Fix("", target, Expr("*", (*first, last), span=target.span), name=name))
    return Fix("", fixes[0].target, fixes[0].replacement, tuple(fixes[1:]), fixes[0].name) if fixes else None


def _placed(parts: Iterable[str], span: Span | None) -> list[Expr]:
    """The names, and constants, that stand side by side at a place of the text."""
    placed: list[Expr] = []
    place = 0
    for part in parts:
        at = None if span is None else Span(span.start + place, span.start + place + len(part))
        placed.append(Expr(part, span=at) if part in ("ones", "zeros") else Expr("name", value=part, span=at))
        place += len(part)
    return placed
