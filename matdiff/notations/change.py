"""`Change`: a result contracted with the differentials of its variables, the formula that all other notations come from."""

from __future__ import annotations

from collections.abc import Callable

from matdiff.answer.answer import Answer
from matdiff.answer.leftside import output_name
from matdiff.answer.result import Result
from matdiff.derive.sweep import derive
from matdiff.language import make
from matdiff.language.queries import replaced_names, shape_of
from matdiff.language.syntax import Expr
from matdiff.laws.simplify import simplify
from matdiff.notations.equation import NoNotation
from matdiff.notations.linear import Linear
from matdiff.recover.graph import Irreducible
from matdiff.tensor import build
from matdiff.tensor.lift import Lift
from matdiff.tensor.lower import property_of, variable_tensor
from matdiff.tensor.nodes import Tensor


class Change:
    """The variables' differentials as symbols beside everything that the result may name."""

    def __init__(self, answer: Answer, result: Result) -> None:
        self.answer, self.result, self.typed = answer, result, answer.typed
        self.output = make.name(output_name(self.typed), shape_of(self.typed.expr))
        self.counts = [sum(1 for of, *_ in result.full_axes if of == "output")]
        self.counts += [sum(1 for dim in self.typed.variables[name].shape if not dim.is_one) for name in result.wrt]
        self.leaves = {name: make.name(self._free(name), self.typed.variables[name].shape) for name in result.wrt}
        self.symbols = {
            name: build.symbol(
                str(leaf.value), variable_tensor(self.typed.variables[name], structured=False).dims, self._row(name)
            )
            for name, leaf in self.leaves.items()
        }
        for name, leaf in self.leaves.items():  # dX is no variable: it stays behind what it is multiplied by
            result.recovery.name(self.symbols[name], str(leaf.value), leaf)

    def _row(self, name: str) -> str | None:
        prop = property_of(self.typed.variables[name])
        return prop if prop == "row" else None

    def _free(self, name: str) -> str:
        """`dX`, or another name where that is taken."""
        taken = {*self.typed.variables, *self.typed.definitions, *self.typed.size_names}
        taken.update(part.name for part in self.result.where)
        candidate = f"d{name}"
        while candidate in taken:
            candidate += "_"
        return candidate

    def contracted(self, first: int) -> Tensor:
        """The tensor with the axes of all variables from number `first` on summed with their differentials."""
        tensor = self.result.tensor
        axes = list(range(tensor.order))
        start = sum(self.counts[: first + 1])
        factors: list[tuple[Tensor, list[int]]] = [(tensor, axes)]
        here = start
        for name, count in zip(self.result.wrt[first:], self.counts[first + 1 :]):
            factors.append((self.symbols[name], axes[here : here + count]))
            here += count
        return simplify(build.einsum(factors, axes[:start]))

    def formula(self, first: int, as_row: bool = False) -> Expr:
        """The same in matrix notation.  Raises NoNotation where more than two axes are left, or none exists."""
        tensor = self.contracted(first)
        try:
            expr = self.result.recovery.expr(tensor)
        except Irreducible:
            raise NoNotation from None
        return self.result.recovery.writer.transposed(expr) if as_row and tensor.order == 1 else expr

    def linear(self, first: int) -> tuple[Linear, Expr]:
        """The reader of formulas linear in the differential of the last variable, and the formula."""
        leaf = self.leaves[self.result.wrt[first]]
        return Linear(leaf, self.result.recovery.writer, self._gradient_by(self.symbols[self.result.wrt[first]])), self.formula(
            first
        )

    def _gradient_by(self, symbol: Tensor) -> Callable[[Expr], Expr]:
        """For a scalar formula linear in the differential, what it is multiplied with."""

        def gradient(scalar: Expr) -> Expr:
            value = Lift(self._values()).value(scalar)
            try:
                return self.result.recovery.expr(simplify(derive(simplify(value), symbol)))
            except Irreducible:
                raise NoNotation from None

        return gradient

    def _values(self) -> dict[str, Tensor]:
        values: dict[str, Tensor] = {name: variable_tensor(variable) for name, variable in self.typed.variables.items()}
        values.update({part.name: part.tensor for part in self.result.where})
        values.update({str(leaf.value): self.symbols[name] for name, leaf in self.leaves.items()})
        return values

    def shown(self, expr: Expr) -> Expr:
        """The formula with `dX` printed as the differential that it is."""
        leaves = [(name, leaf) for name, leaf in self.leaves.items() if leaf.value == f"d{name}"]
        return replaced_names(expr, {str(leaf.value): Expr("differential", (), name, shape=leaf.shape) for name, leaf in leaves})
