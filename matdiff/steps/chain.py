"""The chain rule, explained: the derivative of each intermediate value with its axes, then the sums over the axes they share.

Where every value is used once, the factors are multiplied in one line; where one is used twice, the contributions of its uses
are added, the last value first.
"""

from __future__ import annotations

from matdiff.language import make
from matdiff.language.dims import SCALAR, Dim
from matdiff.language.queries import names_in, post_order, shape_of
from matdiff.language.syntax import Expr
from matdiff.laws.simplify import simplify
from matdiff.recover.entries import in_indices, letters_beside
from matdiff.steps import laws
from matdiff.steps.build import entry, partial, plus, summed, times
from matdiff.steps.derivation import Derivation, Line, Note
from matdiff.steps.frobenius import frobenius_lines
from matdiff.steps.indices import by_indices, distinct, squared
from matdiff.steps.rewrite import Rewriting
from matdiff.steps.setting import Setting, intermediate_values, projection_law, recognised_lines
from matdiff.tensor import build
from matdiff.tensor.lower import axes_of
from matdiff.tensor.nodes import Tensor

# So many factors are multiplied in one line; longer chains go value by value.
_MOST_FACTORS = 4
_OUTPUT = "the output"


def by_chain_rule(setting: Setting) -> Derivation:
    """The derivation of one differentiation."""
    introduced: dict[str, Expr] = {}
    if len(setting.moving) == 1:
        taken = {*setting.taken, *(part.name for part in setting.result.where), str(setting.output.value), "d", "e", "I"}
        introduced, expr = intermediate_values(setting.expr, setting.variable.name, taken)
        setting.split(introduced, expr)
    chain = _Chain(setting)
    if not chain.is_composed:
        return Derivation("chain", setting.result.wrt, by_indices(setting).lines, {}, (Note("no-composition"),))
    return Derivation("chain", setting.result.wrt, chain.lines(), introduced, chain.notes)


class _Chain:
    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.variable = setting.variable.name
        moving = [name for name in setting.definitions if name in setting.moving]
        # Every value with what it is, the output first, the first definition last.
        self.values: dict[str, Expr] = {_OUTPUT: setting.expr, **{n: setting.definitions[n] for n in reversed(moving)}}
        self.uses = {
            name: [other for other in (self.variable, *moving) if any(node.value == other for node in names_in(value))]
            for name, value in self.values.items()
        }
        self._drop_unused()
        output, variable = setting.letters
        free = letters_beside((*setting.taken, *output, *variable))
        self.letters = {_OUTPUT: output, self.variable: variable}
        for name in self.values:
            if name != _OUTPUT:
                self.letters[name] = [next(free) for _ in axes_of(shape_of(self.values[name]))]
        self.used_letters = [letter for letters in self.letters.values() for letter in letters]
        self.factors: dict[tuple[str, str], Tensor] = {}
        self.notes: list[Note] = []
        self.number = setting.first_number

    @property
    def is_composed(self) -> bool:
        """Whether a value stands between."""
        return len(self.values) > 1

    def _drop_unused(self) -> None:
        """Definitions that the output does not need are left out."""
        needed = {_OUTPUT}
        for name in self.values:
            if name in needed:
                needed.update(self.uses[name])
        self.values = {name: value for name, value in self.values.items() if name in needed}

    # --- the lines -------------------------------------------------------------------------------------------------------

    def lines(self) -> list[Line]:
        found = self._factor_lines()
        users = {name: [user for user in self.values if name in self.uses[user]] for name in (*self.values, self.variable)}
        single = all(len(users[name]) == 1 for name in users if name != _OUTPUT)
        if single and len(self.values) <= _MOST_FACTORS:
            found += self._product_of_all()
        else:
            found += self._value_by_value(users)
        self._note()
        found += self._as_matrix(found[-1])
        if single and len(self.values) <= _MOST_FACTORS:
            found += self._with_double_contractions()
        return distinct(found)

    def _factor_lines(self) -> list[Line]:
        """The derivative of each value by each value it uses, the others held."""
        found = []
        for name, value in self.values.items():
            given: tuple[Expr, Expr] | None = (self._array(name), value)
            for other in reversed(self.uses[name]):
                slope = self.setting.slope(value, other)
                self.factors[name, other] = slope
                right = self._written(slope, [*self.letters[name], *self.letters[other]])
                number = self._next() if given else None
                rewriting = Rewriting({other}, self.setting.is_regular)
                rewriting.applied(value)
                used = rewriting.taken_laws() or (laws.LINEAR,)
                found.append(Line(self._partial(name, other), right, used, slope.dims, given=given, number=number))
                given = None
        return found

    def _product_of_all(self) -> list[Line]:
        names = [*self.values, self.variable]
        pairs = list(zip(names, names[1:]))
        inner = [letter for name in names[1:-1] for letter in self.letters[name]]
        left, axes = self._left(self.variable), self._axes(self.variable)
        formal = summed(times([self._partial(*pair) for pair in pairs], SCALAR), inner)
        written = [self._written(self.factors[pair], [*self.letters[pair[0]], *self.letters[pair[1]]], inner) for pair in pairs]
        total = self.factors[pairs[0]]
        for pair in pairs[1:]:
            total = self._contracted(total, self.factors[pair], len(self.letters[_OUTPUT]), pair)
        head = Line(left, formal, (laws.CHAIN_RULE,), axes, summed=self._shared(names[1:-1]), number=self._next())
        put = Line(left, squared(summed(times(written, SCALAR), inner)), (laws.FACTORS,), axes)
        deltas = any(node.op == "delta" for node in post_order(put.right))
        law = laws.DELTAS if deltas else laws.SIMPLIFY
        done = Line(left, self._written(total, [*self.letters[_OUTPUT], *self.letters[self.variable]]), (law,), axes)
        if not deltas:  # only another order of the factors
            return [head, done._replace(laws=(laws.FACTORS,))]
        return distinct([head, put, done])

    def _with_double_contractions(self) -> list[Line]:
        """The same without indices, for the user's own definitions, where a factor is no matrix and the output is a number."""
        names = [*self.values, self.variable]
        slopes = [self.factors[pair] for pair in zip(names, names[1:])]
        is_plain = projection_law(self.setting) is None and not self.setting.is_turned
        if (
            not self.setting.answer.typed.definitions
            or slopes[0].order > 2
            or self.letters[_OUTPUT]
            or all(slope.order <= 2 for slope in slopes)
            or not is_plain
        ):
            return []
        return frobenius_lines(self.setting, [self._array(name) for name in names], slopes, self.number + 1)

    def _value_by_value(self, users: dict[str, list[str]]) -> list[Line]:
        found: list[Line] = []
        totals: dict[str, Tensor] = {}
        for name in [*list(self.values)[1:], self.variable]:
            terms, parts = [], []
            for user in users[name]:
                slope = self.factors[user, name]
                if user == _OUTPUT:
                    parts.append(slope)
                    terms.append(self._partial(user, name))
                else:
                    parts.append(self._contracted(totals[user], slope, len(self.letters[_OUTPUT]), (user, name)))
                    pair = [self._total_partial(user), self._partial(user, name)]
                    terms.append(summed(times(pair, SCALAR), self.letters[user]))
            totals[name] = simplify(build.add([(1, part) for part in parts], parts[0].dims))
            if users[name] == [_OUTPUT]:
                continue
            left, axes = self._left(name), self._axes(name)
            law = laws.ADDED if len(terms) > 1 else laws.CHAIN_RULE
            shared = self._shared([user for user in users[name] if user != _OUTPUT])
            found.append(Line(left, plus(terms, SCALAR), (law,), axes, summed=shared, number=self._next()))
            written = self._written(totals[name], [*self.letters[_OUTPUT], *self.letters[name]])
            found.append(Line(left, written, (laws.FACTORS,), axes))
        return distinct(found)

    def _as_matrix(self, before: Line) -> list[Line]:
        is_array = self.setting.result.form == "matrix" and bool(self.setting.result.shape)
        found = recognised_lines(self.setting, before)
        return [line._replace(number=self._next()) if is_array or line.left != before.left else line for line in found]

    def _note(self) -> None:
        axes = tuple(slope.dims for slope in self.factors.values())
        shared = tuple(self._array(name) for name in self.values if name != _OUTPUT)
        fits = all(len(dims) <= 2 for dims in axes)
        self.notes.append(Note("matrices" if fits else "need-not-fit", axes, shared))

    # --- parts -----------------------------------------------------------------------------------------------------------

    def _next(self) -> int:
        self.number += 1
        return self.number

    def _array(self, name: str) -> Expr:
        if name == _OUTPUT:
            return self.setting.output
        return self.setting.name if name == self.variable else make.name(name, shape_of(self.values[name]))

    def _entry(self, name: str) -> Expr:
        return entry(self._array(name), self.letters[name])

    def _axes(self, name: str) -> tuple[Dim, ...]:
        return tuple(dim for array in (_OUTPUT, name) for dim in axes_of(shape_of(self._array(array))))

    def _partial(self, name: str, other: str) -> Expr:
        """The derivative of a value by another one in it; if that also moves others in it, these are held."""
        plain = partial(self._entry(name), self._entry(other))
        held = [third for third in self.uses[name] if third != other and self._reaches(third, other)]
        if not held:
            return plain
        return Expr("held", (plain, *map(self._array, held)), shape=SCALAR)

    def _reaches(self, name: str, other: str) -> bool:
        """Whether a value depends on another one."""
        return name != self.variable and any(part == other or self._reaches(part, other) for part in self.uses[name])

    def _total_partial(self, name: str) -> Expr:
        """The derivative of the output by a value, all ways together."""
        return partial(self._entry(_OUTPUT), self._entry(name))

    def _left(self, name: str) -> Expr:
        return self.setting.free_left if name == self.variable else self._total_partial(name)

    def _shared(self, names: list[str]) -> tuple[tuple[str, Expr], ...]:
        return tuple((letter, self._array(name)) for name in names for letter in self.letters[name])

    def _contracted(self, total: Tensor, slope: Tensor, outputs: int, pair: tuple[str, str]) -> Tensor:
        """The sum over the axes of the value between them."""
        out = [("out", axis) for axis in range(outputs)]
        inner = [("in", axis) for axis in range(len(self.letters[pair[0]]))]
        ends = [("end", axis) for axis in range(len(self.letters[pair[1]]))]
        return simplify(build.einsum([(total, [*out, *inner]), (slope, [*inner, *ends])], [*out, *ends]))

    def _written(self, tensor: Tensor, letters: list[str], beside: list[str] | None = None) -> Expr:
        taken = (*self.setting.taken, *self.used_letters) if beside else (*self.setting.taken, *letters)
        return squared(in_indices(tensor, letters, self.setting.recovery, taken))
