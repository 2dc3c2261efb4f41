"""What the notation says of the kinds of undeclared names: roles in which only numbers, vectors or matrices stand.

`preferred` are kinds that a way of writing tells, against the spelling: nobody transposes a number.  `Evidence` also says what a name
may become where its spelling does not fit, and how far that departs from what people write.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from functools import cached_property
from typing import TYPE_CHECKING

from matdiff.functions import FUNCTIONS
from matdiff.language.kinds import default_kind, is_greek, is_usual_number, stem
from matdiff.language.queries import bare, constant, names_in, post_order, sets_of

if TYPE_CHECKING:
    from matdiff.language.kinds import Variable
    from matdiff.language.syntax import Expr

# Letters that usually are vectors: none of them is a number only because that fits.
VECTOR_LETTERS = frozenset("abuvwxyz")
# Those of them that often are labels and coefficients.
LABELS = frozenset("aby")
# The name of a number has so many letters at most, where nothing but its place says that it is one.
LONGEST_NUMBER = 2
# In a longer product it is not looked for what stands between two vectors.
_MOST_FACTORS = 12
# What a departure costs: one that a row of the table names, a likely one, one of a member of a family, and one that only is possible.
USUAL, LIKELY, MEMBER, POSSIBLE = 1, 2, 2, 3
_DOTTED = (".*", "./", ".^")
# What is asked of a member of a family only if it is a vector.
_OF_VECTORS = ("norm", "norm1", "norm2", "softmax", "logsumexp")
# What makes something else of arrays, besides functions.
_ENCLOSING = ("'", ":", "at", "block")
# Through these a number that must be one asks for numbers.
_THROUGH = ("*", "/", "neg", "+", "^")


class Evidence:
    """The roles in which the names of a question stand.

    divisors, exponents   that only numbers can be
    transposed, dotted    that numbers never are; a Greek name behind a transposed vector, w^T mu, counts as dotted
    arguments             of functions of a vector or of a square matrix, by name
    factors, terms        of a product, of a sum; `beside` are factors next to a matrix by its spelling or next to I
    applied               factors behind a matrix or a transpose
    shifted               terms beside written numbers only, x + 1
    labels                factors a, b and y beside what is computed of arrays, y w^T x
    alone                 factors that no undeclared array, and nothing transposed, stands beside
    families, entries     of sums over an index: x of members x_i, and those of them that are numbers: a_ij, and sets
    placed                at whose places in brackets indices of sums stand, with the kinds that these make them
    bounds                n of a sum up to n
    squared, crossed      bases of powers; factors in front of something transposed
    """

    def __init__(self, parts: Iterable[Expr], definitions: Mapping[str, Expr]) -> None:
        self.parts, self.definitions = tuple(parts), definitions
        self.divisors: set[str] = set()
        self.exponents: set[str] = set()
        self.transposed: set[str] = set()
        self.dotted: set[str] = set()
        self.arguments: dict[str, str] = {}
        self.factors: set[str] = set()
        self.shifted: set[str] = set()
        self.beside: set[str] = set()
        self.applied: set[str] = set()
        self.labels: set[str] = set()
        self.families: set[str] = set()
        self.entries: set[str] = set()
        self.placed: dict[str, str] = {}
        self.bounds: set[str] = set()
        self.squared: set[str] = set()
        self.crossed: set[str] = set()
        self._added: Counter[str] = Counter()
        self._places: Counter[str] = Counter()
        self._alone: Counter[str] = Counter()
        self._scaled: Counter[str] = Counter()
        self._sums: list[tuple[Expr, ...]] = []
        for part in self.parts:
            for node in post_order(part):
                self._note(node)
        self._beside_vectors()

    @cached_property
    def alone(self) -> set[str]:
        """Names that only stand as factors of what may be numbers."""
        return {name for name, count in self._alone.items() if count == self._places[name]}

    @property
    def terms(self) -> Set[str]:
        """Names that stand as terms of sums."""
        return self._added.keys()

    @property
    def only_terms(self) -> set[str]:
        """Names that stand as terms of sums and nowhere else."""
        return {name for name, count in self._added.items() if count == self._places[name]} - self.shifted

    @property
    def scale_identities(self) -> set[str]:
        """Names that stand beside I and nowhere else."""
        return {name for name, count in self._scaled.items() if count == self._places[name]}

    def _note(self, node: Expr) -> None:
        op = node.op
        if op == "name" and node.args:
            self.families.add(str(node.value))
            self.entries.update([str(node.value)] if len(node.args) > 1 else ())
        elif op == "at" and node.args[0].op == "name" and any(place.op == "index" for place in node.args[1:]):
            self.placed[str(node.args[0].value)] = "vector" if len(node.args) == 2 else "matrix"
        elif op == "over":
            indices = [part for part in node.args[1:] if part.op == "index"]
            self.bounds.update(str(size.value) for index in indices for size in index.args if size.op == "name")
            self.entries.update(str(part.value) for part in sets_of(node))
        elif op in _OF_VECTORS:
            self.dotted.update(name for name in _vectors_in(node.args[0]) if name in self.families)
        for arg in node.args:
            if arg.op == "name":
                self._places[str(arg.value)] += 1
        if op == "'":
            self.transposed.update(_names([node.args[0]]))
            terms = _names(node.args[0].args) if node.args[0].op == "+" else []
            are_all = all(is_greek(name) or name in self.families for name in terms)
            self.transposed.update(terms if are_all else (name for name in terms if name in self.families))
        elif op in _DOTTED:
            self.dotted.update(_names(node.args[: 1 if op == ".^" else 2]))
            self.exponents.update(_names(node.args[1:] if op == ".^" else ()))
        elif op == "/":
            self.divisors.update(_numbers(node.args[1]))
        elif op == "^" and node.args[0].op == node.args[1].op == "name" and node.args[1].value == "t":
            self.transposed.add("t")  # X^t X is hardly a power
        elif op == "^":
            self.exponents.update(_numbers(node.args[1]))
            self.squared.update(_names(node.args[:1]))
        elif op == "*":
            self._product(node)
        elif op == "+":
            self._sums.append(node.args)
            is_shift = sum(not _is_literal(term) for term in node.args) < 2
            names = _names(node.args)
            self.shifted.update(names if is_shift else ())
            self._added.update(names)
        elif op in FUNCTIONS and FUNCTIONS[op].patterns and FUNCTIONS[op].is_word:
            pairs, _ = FUNCTIONS[op].patterns[0]
            for (rows, columns), arg in zip(pairs, node.args):
                inside = bare(arg)
                is_matrix = rows == columns or bool(FUNCTIONS[op].along)
                if inside.op == "name" and rows != "1" and (is_matrix or columns == "1"):
                    self.arguments.setdefault(str(inside.value), "matrix" if is_matrix else "vector")

    def _product(self, node: Expr) -> None:
        matrices = [self._is_matrix(factor) for factor in node.args]
        arrays = [self._is_array(factor) for factor in node.args]
        count, arrayed, named = sum(matrices), sum(arrays), sum(bool(names_in(factor)) for factor in node.args)
        identities = sum(factor.op == "I" and not factor.args for factor in node.args)
        if len(node.args) > 1:
            self._applied_to_greek(node.args[-2], node.args[-1])
            self.crossed.update(_names([one for one, other in zip(node.args, node.args[1:]) if other.op == "'"]))
        for place, factor in enumerate(node.args):
            name = factor.args[0] if factor.op == "/" else factor
            if name.op != "name":
                continue
            text = str(name.value)
            self.factors.add(text)
            before = node.args[place - 1] if place else None
            if text in self.families and before is not None and before.op == "'" and _is_vector_name(bare(before)):
                self.dotted.add(text)
            if before is not None and (matrices[place - 1] or before.op in ("'", "^", "inv", "pinv")):
                self.applied.add(text)
            if count > matrices[place]:
                self.beside.add(text)
            rest = [one for at, one in enumerate(node.args) if at != place] if len(node.args) <= _MOST_FACTORS else []
            is_inner = (text[0].islower() or is_usual_number(text)) and self._is_inner(rest)
            if arrayed == arrays[place] or is_inner:
                self._alone[text] += 1
                if stem(text) in LABELS and (is_inner or any(self._is_number(one) for one in rest)):
                    self.labels.add(text)
            if identities and named == 1:
                self._scaled[text] += 1

    def _applied_to_greek(self, before: Expr, last: Expr) -> None:
        """w^T mu, X beta, Sigma^-1 (mu_1 - mu_2): a Greek name, or a sum of some, behind a transposed vector or a matrix."""
        terms = _names(last.args if last.op == "+" else [last])
        is_greek_only = len(terms) == (len(last.args) if last.op == "+" else 1) and all(is_greek(name) for name in terms)
        base = before.args[0] if before.op in ("^", "inv", "pinv") and before.args else before
        is_vector = base.op == "'" and _is_vector_name(bare(base))
        self.dotted.update(name for name in terms if is_vector and name in self.families)  # w^T (x_i - x_j)
        if is_greek_only and (is_vector or (base.op in ("name", "'") and self._is_matrix(base) and bare(base).op == "name")):
            self.dotted.update(terms)

    def _is_inner(self, factors: list[Expr]) -> bool:
        """Whether they multiply to x^T A y, as far as the spelling says."""
        arrays = [factor for factor in factors if self._is_array(factor)]
        return (
            len(arrays) > 1
            and arrays[0].op == "'" != arrays[-1].op
            and all(_is_vector_name(bare(one)) for one in (arrays[0], arrays[-1]))
        )

    def _is_number(self, factor: Expr) -> bool:
        """Whether it is a number computed of arrays, as far as the spelling says."""
        while factor.args:
            row = FUNCTIONS.get(factor.op)
            if factor.op == "*":
                return self._is_inner(list(factor.args))
            if row is not None and row.patterns:
                return row.patterns[0][1] == ("1", "1")
            if factor.op == "+":
                factor = max(factor.args, key=lambda term: len(term.args))
            elif factor.op in ("neg", "/", "^") or (row is not None and row.is_entrywise):
                factor = factor.args[0]
            else:
                break
        return factor.op == ":"

    def _is_matrix(self, factor: Expr) -> bool:
        name = bare(factor)
        return name.op == "I" or (name.op == "name" and str(name.value)[0].isupper() and name.value not in self.definitions)

    def _is_array(self, factor: Expr) -> bool:
        """Whether it is an undeclared Latin name or something transposed, or a product or sum that begins with one."""
        return factor.op == "'" or (
            factor.op == "name" and not is_greek(str(factor.value)) and factor.value not in self.definitions
        )

    def _beside_vectors(self) -> None:
        """Greek terms of a sum in which another term is transposed or dotted Greek are of its kind: mu + sigma .* eps."""
        for _ in range(2):
            for terms in self._sums:
                told = {name for term in terms for name in self._greek(term)}
                if told:
                    self.dotted.update(name for name in _names(terms) if is_greek(name))

    def _greek(self, term: Expr) -> set[str]:
        term = bare(term)
        parts = term.args if term.op in (".*", "./") else (term,)
        return {name for name in _names(parts) if is_greek(name) and name in (self.transposed | self.dotted)}

    def may_be_likelier(self, names: Iterable[str], variables: Mapping[str, Variable]) -> bool:
        """Whether a name may be meant otherwise although it fits: Greek ones that are added, others that stand among numbers."""
        return any(name in self.terms for name in names if is_greek(name)) or bool(self.unbound(names, variables))

    @cached_property
    def enclosed(self) -> set[str]:
        """The names below a transpose or a function of arrays, in the definitions of those that have one too."""
        found: set[str] = set()
        stack = [(part, False) for part in self.parts]
        while stack:
            node, is_inside = stack.pop()
            row = FUNCTIONS.get(node.op)
            is_inside = is_inside or node.op in _ENCLOSING or (row is not None and row.is_word and not row.is_entrywise)
            if node.op == "name" and is_inside and node.value not in found:
                found.add(str(node.value))
                stack += [(self.definitions[str(node.value)], True)] if node.value in self.definitions else []
            stack += [(arg, is_inside) for arg in node.args]
        return found

    def unbound(self, names: Iterable[str], variables: Mapping[str, Variable]) -> set[str]:
        """Latin names of arrays, of at most so many letters as numbers have, whose sizes nothing fixes but one another.

        None where no number is computed of arrays.
        """
        free = [name for name in names if not is_greek(name) and len(stem(name)) <= LONGEST_NUMBER and name not in self.enclosed]
        found = {name for name in free if name in variables and variables[name].kind != "scalar"} if self.enclosed else set()
        users: dict[str, set[str]] = {}
        for name in found:
            for size in {size for dim in variables[name].shape for size in dim.names}:
                users.setdefault(size, set()).add(name)
        bound = [
            name for name in variables if name not in found or any(dim.value not in (None, 1) for dim in variables[name].shape)
        ]
        while bound and found:
            sizes = [size for dim in variables[bound.pop()].shape for size in dim.names]
            others = set().union(*(users.pop(size, set()) for size in sizes)) & found
            found -= others
            bound += others
        return found

    # What a name may become

    def choices(self, name: str, wrt: Iterable[str]) -> dict[str, int]:
        """The kinds that an undeclared name may have against its spelling, with what each costs."""
        if name in self.families:
            return {"scalar": MEMBER, "vector": MEMBER}
        if is_greek(name):
            if name in self.transposed:
                return {"vector": USUAL}
            is_number = name in self.alone or name in self.divisors or name in self.exponents
            usual = USUAL if name in self.terms | self.dotted | self.crossed else POSSIBLE
            return {"scalar": USUAL} if is_number else {"scalar": USUAL, "vector": usual}
        found: dict[str, int] = {}
        if self.arguments.get(name) == "matrix" and name[0].islower():
            found["matrix"] = USUAL
        cost = self._as_number(name, name in wrt)
        if cost:
            found["scalar"] = cost
        return found

    def _as_number(self, name: str, is_asked: bool) -> int:
        """What it costs to read a Latin name as a number; 0 where that is not thought of."""
        if name in self.transposed or name in self.dotted or name in self.arguments:
            return 0
        if is_usual_number(name):
            return USUAL
        if len(name) > 1 and name[-1] in "Tt":
            return 0  # a transpose written together with its name
        is_upper, is_vector = name[0].isupper(), name in VECTOR_LETTERS
        if not is_upper and not is_vector and (name in self.divisors or name in self.exponents):
            return USUAL
        if is_vector and name in self.divisors & self.squared and not is_asked and name not in self.factors | self.terms:
            return POSSIBLE  # w^2 below, a number or w^T w
        if name in self.only_terms and not is_asked:
            return POSSIBLE if is_upper else USUAL
        if name in self.applied:
            return 0
        if not is_upper and not is_vector and name in self.beside and len(stem(name)) == 1:
            return USUAL
        if name in self.alone and name in self.labels and not is_asked:
            return LIKELY
        if name in self.alone and not is_vector and len(stem(name)) <= LONGEST_NUMBER:
            return POSSIBLE
        return POSSIBLE if not is_upper and not is_vector and name in (self.factors | self.terms) else 0


def preferred(evidence: Evidence, free: Iterable[str]) -> dict[str, str]:
    """Kinds that the way of writing tells: vectors and matrices of Greek names, and numbers that scale an identity."""
    kinds = {}
    for name in free:
        if name in evidence.families:
            is_vector = name in evidence.transposed or name in evidence.dotted or name in evidence.arguments
            is_matrix = default_kind(name) == "matrix" and name not in evidence.entries
            kinds[name] = "matrix" if is_matrix else "vector" if is_vector else "scalar"
        elif name in evidence.placed:
            kinds[name] = evidence.placed[name]
        elif name in evidence.bounds:
            kinds[name] = "scalar"
        elif is_greek(name):
            if name in evidence.arguments:
                kinds[name] = evidence.arguments[name]
            elif name in evidence.transposed or name in evidence.dotted:
                kinds[name] = "vector"
        elif name in evidence.scale_identities and name not in evidence.arguments:
            kinds[name] = "scalar"
    return kinds


def _names(exprs: Iterable[Expr]) -> list[str]:
    """The names among the expressions, signs left out."""
    plain = [expr.args[0] if expr.op == "neg" else expr for expr in exprs]
    return [str(expr.value) for expr in plain if expr.op == "name"]


def _vectors_in(expr: Expr) -> Iterator[str]:
    """The names that are vectors where a vector stands: terms, and last factors."""
    parts = {"+": expr.args, "*": expr.args[-1:], "neg": expr.args[:1], "over": expr.args[:1]}.get(expr.op, ())
    yield from _names([expr])
    for part in parts:
        yield from _vectors_in(part)


def _numbers(expr: Expr) -> set[str]:
    """The names that must be numbers so that this is one, as far as nothing stands beside them that could make one of arrays."""
    found: set[str] = set()
    stack = [expr]
    while stack:
        node = stack.pop()
        row = FUNCTIONS.get(node.op)
        if node.op == "name":
            found.add(str(node.value))
        elif node.op in _THROUGH or (row is not None and row.is_entrywise):
            stack += node.args
    return found


def _is_literal(term: Expr) -> bool:
    return constant(term) is not None


def _is_vector_name(expr: Expr) -> bool:
    return expr.op == "name" and str(expr.value)[0].islower()
