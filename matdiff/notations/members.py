"""`Members`: what depends on summed indices as a sum over them, `2 sum_i (w^T x_i - y_i) x_i`.

With its summed indices held (`tensor.held`) a product is one of members, which are vectors and matrices, and recovered as such.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from matdiff.infer.unify import size_of
from matdiff.language import make
from matdiff.language.dims import Dim
from matdiff.language.queries import (
    Indices,
    free_indices,
    index_names,
    is_scalar,
    letter_of,
    post_order,
    shape_of,
    without_letters,
)
from matdiff.language.syntax import Expr, Rational
from matdiff.laws.simplify import simplify
from matdiff.recover.collect import collected
from matdiff.recover.cost import cost
from matdiff.recover.entries import letters_beside
from matdiff.recover.graph import Irreducible
from matdiff.recover.recover import HeldRecovery
from matdiff.recover.terms import Chain
from matdiff.recover.writer import Term, Writer
from matdiff.tensor import build
from matdiff.tensor.held import BELOW, UNEQUAL, At, Diagonal, Holding, NotHeld
from matdiff.tensor.lift import definition_of
from matdiff.tensor.nodes import HELD, Apply, Constant, Factor, Product, Sum, Tensor, entrywise_parts
from matdiff.tensor.rational import magnitude

# A condition on two letters: its sign, and what stands on its left and on its right.
Condition = tuple[str, str, str]


class Members(HeldRecovery):
    """Recovers tensors in which no index is left that somebody sums over: of arrays of members the members are written.

    indices   how the question writes its indices
    at        the letters at which the axes of the whole are held, of the derivative by one member
    taken     names that no letter and no member may have
    """

    def __init__(self, sizes: dict[Dim, Expr], indices: Indices, at: At, taken: Iterable[str]) -> None:
        super().__init__(sizes, Holding(indices.letters))
        self.writer: Writer = SumWriter(indices)
        self.indices, self.at, self.taken = indices, at, frozenset(taken)
        # What sums were made of: the body, the size for each letter, and the conditions.
        self.opened: dict[Expr, tuple[Term, Mapping[str, Dim], Sequence[Condition]]] = {}
        apart = [name.rpartition("_") for name in self.taken]
        self.fixed = frozenset(letter for letter in at if letter is not None)
        self.letters_taken = self.taken.union(
            self.fixed, indices.held, *(letters for stem, _, letters in apart if stem in indices.letters)
        )

    def whole(self, tensor: Tensor) -> Expr:
        try:
            return self.expr(simplify(self.holding.hold(tensor, self.at)))
        except NotHeld:
            raise Irreducible from None

    def strange_in(self, expr: Expr) -> int:
        """The letters of sums that the question does not have."""
        own = {letter for axes in self.indices.letters.values() for letters in axes for letter in letters}
        return sum(len(bound_by(node) - own) for node in post_order(expr) if node.op == "over")

    def _term(self, tensor: Tensor) -> Term:
        if any(self.holding.letters_of(tensor)):
            raise Irreducible
        if isinstance(tensor, Constant) and tensor.name == "unit" and "_" in str(tensor.parameters[0].value):
            raise Irreducible  # under a sum over i the place y_i would be a member
        if isinstance(tensor, Apply) and tensor.function == HELD:
            return self.term(tensor.args[0])
        if isinstance(tensor, Apply) and any(any(self.holding.letters_of(arg)) for arg in tensor.args):
            written_out = definition_of(tensor)
            if written_out is None:
                raise Irreducible
            return self.term(written_out)
        return super()._term(tensor)

    def _sum(self, tensor: Sum) -> Term:
        completed = _with_square(tensor, self.holding) if not tensor.dims else None
        if completed is not None:
            return self.term(completed)
        apart = super()._sum(tensor)
        terms = [self.term(inner).times(coefficient) for coefficient, inner in tensor.terms]
        together = self._together(terms)
        if len(together) == len(terms):
            return apart
        joint = collected(together, self.writer)
        return min(joint, apart, key=lambda term: cost(term.expr(self.writer)))

    def _together(self, terms: Sequence[Term]) -> list[Term]:
        """The terms, those that are sums over the same as one sum."""
        groups: dict[object, list[Term]] = {}
        for place, term in enumerate(terms):
            sums = [part for part in (*term.factors, *term.chain) if part.op == "over"]
            whole = sums[0] if len(sums) == 1 and sums[0] in self.opened else None
            others = (*term.factors, *term.divisors, *term.chain)
            if whole is not None and any(letters_in(part) & bound_by(whole) for part in others):
                whole = None  # b_j sum_j a_j: another j
            groups.setdefault(place if whole is None else whole.args[1:], []).append(term)
        return [group[0] if len(group) == 1 else self._joined(group) for group in groups.values()]

    def _joined(self, terms: Sequence[Term]) -> Term:
        bodies = []
        for term in terms:
            whole = next(part for part in (*term.factors, *term.chain) if part.op == "over")
            body, sizes, conditions = self.opened[whole]
            factors = [factor for factor in term.factors if factor is not whole]
            chain = tuple(part for factor in term.chain for part in (body.chain if factor is whole else (factor,)))
            bodies.append(
                Term(term.coefficient, [], [], chain or body.chain).under(
                    [*factors, *body.factors], [*term.divisors, *body.divisors], self.writer
                )
            )
        return self._with_mean_signs(self._under_signs(collected(bodies, self.writer), _Depends(sizes), sizes, conditions))

    # Sums

    def _product(self, product: Product) -> Term:
        letters = self.holding.letters_at(product)
        units = self._positions(product, letters)
        if units:
            return self._at_positions(product, units)
        grouped = [[factor for factor in product.factors if factor in part] for part in entrywise_parts(product)]
        parts = [(part, self._summed_in(part, product.out, letters)) for part in grouped]
        if not any(summed for _, summed in parts):
            return super()._product(product)
        if len(parts) == 1 and product.coefficient == 1:
            return self._sum_over(product, parts[0][1])
        factors: list[tuple[Tensor, Sequence[int]]] = []
        for part, summed in parts:
            if summed:  # as one factor, which is a sum of its own
                ends = tuple(dict.fromkeys(slot for _, slots in part for slot in slots if slot in product.out))
                inner = build.einsum(part, ends, dict(enumerate(product.sizes)))
                factors.append((build.apply(HELD, (inner,), inner.dims), ends))
            else:
                factors += part
        whole = build.with_factors(product, factors)
        assert isinstance(whole, Product)
        return self._with_mean_signs(super()._product(whole))

    def _positions(self, product: Product, letters: Mapping[int, Collection[str]]) -> dict[int, str]:
        """The indices of families that are held at positions by unit vectors, with their letters."""
        found = {}
        for tensor, slots in product.factors:
            place = tensor.parameters[0] if isinstance(tensor, Constant) and tensor.name == "unit" else None
            if place is not None and place.op == "name" and place.value in self.indices.held and slots[0] not in product.out:
                found[slots[0]] = str(place.value)
        return {slot: letter for slot, letter in found.items() if letters.get(slot)}

    def _at_positions(self, product: Product, at: Mapping[int, str]) -> Term:
        units = [(tensor, slots) for tensor, slots in product.factors if isinstance(tensor, Constant) and set(slots) <= at.keys()]
        try:
            return self.term(simplify(self.holding.part(product, at, product.out, units)))
        except NotHeld:
            raise Irreducible from None

    @staticmethod
    def _summed_in(part: Sequence[Factor], out: Sequence[int], letters: Mapping[int, Collection[str]]) -> list[int]:
        """The indices over which somebody sums, in their order."""
        slots = dict.fromkeys(slot for _, slots in part for slot in slots)
        return [slot for slot in slots if letters.get(slot) and slot not in out]

    def _sum_over(self, product: Product, summed: Sequence[int], avoided: frozenset[str] = frozenset()) -> Term:
        """The sum of a product over these indices, for which letters are avoided."""
        chosen = self._letters_for(product, summed, avoided)
        try:
            body = self.holding.part(product, chosen, product.out)
        except Diagonal:
            return self._opened(product, chosen)
        except NotHeld:
            raise Irreducible from None
        body, conditions = self._without_masks(body, chosen.values())
        inner = self.term(simplify(body))
        depends = _Depends(chosen.values())
        clashing = {letter for part in (*inner.factors, *inner.divisors, *inner.chain) for letter in depends.bound_in(part)}
        if not clashing:
            return self._under_signs(inner, depends, {chosen[slot]: product.sizes[slot] for slot in summed}, conditions)
        rest = [slot for slot in summed if chosen[slot] not in clashing]
        if rest:  # sum_i (sum_j r_ij x_j) / (sum_j r_ij)
            return self._sum_over(product, rest)
        return self._sum_over(product, summed, avoided | clashing)

    def _opened(self, product: Product, chosen: Mapping[int, str]) -> Term:
        try:
            return self.term(self.holding.opened(product, chosen))
        except NotHeld:
            raise Irreducible from None

    def _letters_for(self, product: Product, summed: Sequence[int], avoided: frozenset[str]) -> dict[int, str]:
        """A letter for each index: of those that the question has there the one that most factors have, else one that is free."""
        gone = self.letters_taken | avoided | self.holding.held_in(product)
        chosen: dict[int, str] = {}
        for slot in summed:
            counts: dict[str, int] = {}
            for tensor, slots in product.factors:
                for own, letters in zip(slots, self.holding.letters_of(tensor)):
                    for letter in letters if own == slot else ():
                        counts[letter] = counts.get(letter, 0) + 1
            used = gone.union(chosen.values())
            free = [letter for letter in sorted(counts, key=lambda letter: -counts[letter]) if letter not in used]
            chosen[slot] = free[0] if free else next(letters_beside(used))
        return chosen

    def _without_masks(self, body: Tensor, letters: Collection[str]) -> tuple[Tensor, list[Condition]]:
        """The tensor without the masks on these letters, and the conditions that they are."""
        factors = body.factors if isinstance(body, Product) else ((body, tuple(range(body.order))),)
        masks: list[tuple[Factor, Condition]] = []
        for factor in factors:
            of, at = self.holding.members.get(factor[0], (None, ()))
            if of is not None and of.name in (UNEQUAL, BELOW) and None not in at and set(at) & set(letters):
                if set(at) & self.fixed:
                    raise Irreducible  # sum_{k != j} would be read as a sum over both
                left, right = (letter or "" for letter in at)
                masks.append((factor, (of.name, left, right)))
        if not masks:
            return body, []
        if not isinstance(body, Product):
            return build.number(1), [condition for _, condition in masks]
        rest = body.factors_but(*(factor for factor, _ in masks))
        return build.with_factors(body, rest), [condition for _, condition in masks]

    def _under_signs(self, inner: Term, depends: _Depends, sizes: Mapping[str, Dim], conditions: Sequence[Condition]) -> Term:
        """The sum over letters; what does not depend on them stands in front of it, or behind."""
        factors = [factor for factor in inner.factors if depends(factor)]
        divisors = [divisor for divisor in inner.divisors if depends(divisor)]
        first, last = _depending(inner.chain, depends, bool(factors or divisors))
        inside = Term(1, factors, divisors, inner.chain[first:last])
        body = inside.expr(self.writer)
        told = letters_in(body).union(*((left, right) for _, left, right in conditions))
        alone = [self.size(dim) for letter, dim in sizes.items() if letter not in told]
        bound = {letter: dim for letter, dim in sizes.items() if letter in told}
        whole = self._over(body, bound, conditions) if bound else body
        if bound:
            self.opened[whole] = inside, bound, conditions
        before = [*alone, *(factor for factor in inner.factors if not depends(factor))]
        below = [divisor for divisor in inner.divisors if not depends(divisor)]
        if is_scalar(whole):
            return Term(inner.coefficient, [*before, whole], below, (*inner.chain[:first], *inner.chain[last:]))
        return Term(inner.coefficient, before, below, (*inner.chain[:first], whole, *inner.chain[last:]))

    def _over(self, body: Expr, sizes: Mapping[str, Dim], conditions: Sequence[Condition]) -> Expr:
        indices = []
        for letter in sorted(sizes):
            upper = self.indices.uppers.get(letter)
            known = upper is not None and size_of(upper) == sizes[letter]
            indices.append(Expr("index", (upper,) if upper is not None and known else (), letter))
        told = [Expr("condition", (_index(left), _index(right)), sign) for sign, left, right in conditions]
        return Expr("over", (body, *indices, *told), "sum", shape=shape_of(body))

    def _with_mean_signs(self, term: Term) -> Term:
        """mean_i for sum_i over the number of terms, where the question has a mean over i."""
        for place, part in enumerate((*term.factors, *term.chain)):
            if part.op != "over" or len(part.args) != 2 or letter_of(part.args[1]) not in self.indices.means:
                continue
            letter = letter_of(part.args[1])
            count = next((size for size in term.divisors if size in map(self.size, self._sizes_at(letter))), None)
            if count is None:
                continue
            mean = Expr("over", part.args, "mean", shape=part.shape)
            body, sizes, conditions = self.opened[part]
            self.opened[mean] = body._replace(divisors=[*body.divisors, count]), sizes, conditions
            parts = [*term.factors, *term.chain]
            parts[place] = mean
            divisors = list(term.divisors)
            divisors.remove(count)
            return term._replace(factors=parts[: len(term.factors)], chain=tuple(parts[len(term.factors) :]), divisors=divisors)
        return term

    def _sizes_at(self, letter: str) -> set[Dim]:
        """The sizes of axes that are held at this letter."""
        members = self.holding.members.values()
        return {dim for of, at in members for dim, held in zip(of.dims, at) if held == letter}


class SumWriter(Writer):
    """Writes what a sum is divided by in front of it, 1/n sum_i x_i, and w^T x_i where the question has it so."""

    def __init__(self, indices: Indices) -> None:
        super().__init__()
        self.products = indices.products

    def dot(self, left: Chain, right: Chain) -> Expr:
        whole = super().dot(left, right)
        if whole.op != "*" or any(map(is_scalar, whole.args)):
            return whole
        turned = self.product(self.transposed_chain(whole.args))
        return turned if without_letters(turned) in self.products else whole

    def scaled(
        self, coefficient: Rational, factors: list[Expr], divisors: list[Expr], chain: Chain, entries: bool = False
    ) -> Expr:
        parts = [*factors, *chain]
        sums = [part for part in parts if part.op == "over"]
        if not divisors or not sums or any(node.op == "over" for part in divisors for node in post_order(part)):
            return super().scaled(coefficient, factors, divisors, chain, entries)
        front = super().scaled(magnitude(coefficient), [f for f in factors if f.op != "over"], divisors, ())
        whole = self.product_of_all([front, *(f for f in factors if f.op == "over"), *chain])
        return make.call("neg", whole, shape=shape_of(whole)) if coefficient < 0 else whole


class _Depends:
    """Whether an expression depends on one of these letters."""

    def __init__(self, letters: Iterable[str]) -> None:
        self.letters = frozenset(letters)

    def __call__(self, expr: Expr) -> bool:
        return bool(letters_in(expr) & self.letters)

    def bound_in(self, expr: Expr) -> frozenset[str]:
        """Which of the letters an expression that depends on some of them sums over."""
        return bound_in(expr) & self.letters if self(expr) else frozenset()


def _depending(chain: Chain, depends: _Depends, always: bool) -> tuple[int, int]:
    """From where to where a chain depends on the letters; where nothing does but must stay, its end."""
    places = [place for place, factor in enumerate(chain) if depends(factor)]
    if not places:
        return (len(chain) - 1 if chain and not always else len(chain)), len(chain)
    return places[0], places[-1] + 1


def _with_square(tensor: Sum, holding: Holding) -> Tensor | None:
    """Law: x^T x + y^T y - 2 x^T y = ||x - y||^2, which members of one family are when they are held apart."""
    found: dict[tuple[Tensor, Tensor], tuple[Rational, Tensor]] = {}
    for coefficient, term in tensor.terms:
        if isinstance(term, Product) and len(term.factors) == 2 and len(term.sizes) == 1 and term.coefficient == 1:
            left, right = sorted(term.children, key=lambda child: sorted(holding.held_in(child)))
            found[left, right] = coefficient, term
    for (left, right), cross in found.items():
        squares = [found.get((one, one)) for one in (left, right)]
        if left is right or squares[0] is None or squares[1] is None:
            continue
        scale = squares[0][0]
        if squares[1][0] == scale and cross[0] == -2 * scale:
            apart = build.add([(1, left), (-1, right)], left.dims)
            rest = [term for term in tensor.terms if term not in (cross, *squares)]
            return build.add([*rest, (scale, build.einsum([(apart, (0,)), (apart, (0,))], ()))], ())
    return None


def _index(letter: str) -> Expr:
    return Expr("index", (), letter)


def are_positions_told(expr: Expr, positions: Collection[str], by: Collection[str]) -> bool:
    """Whether every position, but those `by` which is differentiated, would be read as one.

    It stands beside a sum over the same family, outside of all sums; else beside an index of a sum it would be an axis of the value.
    """
    members = [(str(node.value), set(map(letter_of, node.args))) for node in post_order(expr) if node.op == "name" and node.args]
    free = {*positions, *by}
    families = {name for name, letters in members if not letters & free}
    outside = [node for node in post_order(expr, closed=("over",)) if node.op == "name"]
    beside = {letter for node in outside for letter in map(letter_of, node.args)}
    return all(name in families or letters.intersection(positions) <= beside for name, letters in members)


def letters_in(expr: Expr) -> frozenset[str]:
    """The letters on which an expression depends."""
    return free_indices(expr)[id(expr)]


def bound_by(total: Expr) -> frozenset[str]:
    """The letters of a sum."""
    return frozenset(index_names(total.args[1:]))


def bound_in(expr: Expr) -> frozenset[str]:
    """The letters of all sums in an expression."""
    return frozenset().union(*(bound_by(node) for node in post_order(expr) if node.op == "over"))
