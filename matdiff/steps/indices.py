"""The method of indices: everything written with its sums, the product rule, dX[a,b]/dX[k,l] = delta[a,k] delta[b,l], the deltas
contracted, what remains recognised as matrices.

A derivative that is not yet worked out is a symbol of its own, with the axes of what is differentiated, then the variable's;
printing puts `d(A x - b)[i]/dx[k]` in its place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from matdiff.derive.rank import mark_of
from matdiff.derive.sweep import derive
from matdiff.functions import MEMBERS, row_of, word_of
from matdiff.infer.rules import ARGUMENTS
from matdiff.language import make
from matdiff.language.dims import SCALAR, Dim, shape_of_axes
from matdiff.language.queries import post_order, rebuilt, shape_of
from matdiff.language.syntax import Expr
from matdiff.language.text import text
from matdiff.laws.simplify import rebuild, simplify
from matdiff.recover.entries import in_indices
from matdiff.recover.graph import Irreducible
from matdiff.steps import laws
from matdiff.steps.build import entry, letter, partial, times
from matdiff.steps.derivation import Derivation, Law, Line
from matdiff.steps.setting import Setting, recognised_lines
from matdiff.tensor import build
from matdiff.tensor.lower import axes_of
from matdiff.tensor.nodes import Apply, Index, Product, Sum, Symbol, Tensor

_MOST_ROUNDS = 40


def by_indices(setting: Setting) -> Derivation:
    """The derivation of one differentiation."""
    return Derivation("index", setting.result.wrt, _Indices(setting).lines(), {})


class _Indices:
    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.variable = setting.values[setting.variable.name]
        self.pending: dict[str, Tensor] = {}
        self.symbols: dict[Tensor, Symbol] = {}
        self.deltas = build.symbol("the deltas", self.variable.dims + self.variable.dims, "pending")
        self.definitions = {
            setting.values[name]: setting.lowered(value) for name, value in setting.definitions.items() if name in setting.moving
        }
        self.laws: dict[Law, None] = {}
        self._depends: dict[Tensor, bool] = {self.variable: True}
        self.output, self.variables = setting.letters

    # --- the lines -------------------------------------------------------------------------------------------------------

    def lines(self) -> list[Line]:
        setting = self.setting
        whole = setting.lowered(setting.expr)
        left, axes = setting.free_left, setting.result.tensor.dims
        found = []
        written = self._written(whole, self.output)
        if any(node.op in ("entry", "sigma", "delta") for node in post_order(written)):
            found.append(Line(entry(setting.output, self.output), written, (laws.AS_SUMS,), whole.dims))
        if left != setting.partial_of_output:
            free = Law(f"as if {setting.variable.name} had no structure")
            found.append(Line(left, setting.partial_of_output, (free,), axes))
        for right, used in self._derived(whole):
            found.append(Line(left, right, used, axes))
        found += recognised_lines(setting, found[-1])
        return distinct(found)

    def _derived(self, whole: Tensor) -> list[tuple[Expr, tuple[Law, ...]]]:
        """The derivative, one level of the expression after the other, with the laws of each line."""
        found: list[tuple[Expr, tuple[Law, ...]]] = []
        current = self._pushed(whole)
        for _ in range(_MOST_ROUNDS):
            waiting = self._waiting(current)
            used = tuple(self.laws) or (laws.LINEAR,)
            self.laws = {}
            if not waiting:
                break
            found.append((self._shown(current), used))
            worked_out: dict[Tensor, Tensor] = {symbol: self._pushed(self.pending[symbol.name]) for symbol in waiting}
            current = rebuild(current, worked_out)
        own = self.symbols.get(self.variable)
        if own is not None:
            if not found:
                found.append((self._shown(current), used))
                used = ()
            delta = differential_law(self.setting, self.variables)
            found.append(
                (self._shown(rebuild(current, {own: self.deltas})), (*(law for law in used if law != laws.LINEAR), delta))
            )
            current = rebuild(current, {own: build.identity(self.variable.dims)})
            used = (laws.DELTAS,)
        current = rebuild(current, self.setting.restored)
        found.append((self._written(current, [*self.output, *self.variables]), used))
        return found

    # --- differentiation -------------------------------------------------------------------------------------------------

    def depends(self, node: Tensor) -> bool:
        if node not in self._depends:
            below = (self.definitions[node],) if node in self.definitions else node.children
            self._depends[node] = any(self.depends(child) for child in below)
        return self._depends[node]

    def _waiting(self, tensor: Tensor) -> list[Symbol]:
        """The derivatives in the tensor that are not worked out, those of the variable left aside."""
        found: dict[Symbol, None] = {}
        seen: set[Tensor] = set()
        stack = [tensor]
        while stack:
            node = stack.pop()
            if node in seen:
                continue
            seen.add(node)
            if isinstance(node, Symbol) and node.name in self.pending and self.pending[node.name] is not self.variable:
                found[node] = None
            stack.extend(node.children)
        return list(found)

    def _slot(self, node: Tensor) -> Tensor:
        """The derivative of a node by the variable, not worked out."""
        if node not in self.symbols:
            name = f"derivative {len(self.symbols)}"
            self.symbols[node] = build.symbol(name, node.dims + self.variable.dims, "pending")
            self.pending[name] = node
        return self.symbols[node]

    def _pushed(self, node: Tensor) -> Tensor:
        """The derivative of a node by those of its parts: axes of the node, then of the variable."""
        if node is self.variable:
            return self._slot(node)
        if node in self.definitions:
            return self._pushed(self.definitions[node])
        if not self.depends(node):
            return build.filled(0, node.dims + self.variable.dims)
        if isinstance(node, Sum):
            return build.add([(c, self._pushed(term)) for c, term in node.terms], node.dims + self.variable.dims)
        if isinstance(node, Product):
            return self._product_rule(node)
        assert isinstance(node, Apply)
        return self._chain_rule(node)

    def _product_rule(self, node: Product) -> Tensor:
        tail = [("variable", axis) for axis in range(self.variable.order)]
        sizes: dict[Index, Dim] = {**dict(enumerate(node.sizes)), **dict(zip(tail, self.variable.dims))}
        terms = []
        moving = [place for place, (tensor, _) in enumerate(node.factors) if self.depends(tensor)]
        if len(moving) > 1:
            self.laws[laws.PRODUCT_RULE] = None
        for place in moving:
            tensor, slots = node.factors[place]
            change = self._pushed(tensor) if isinstance(tensor, Apply | Product) else self._slot(tensor)
            others = [factor for other, factor in enumerate(node.factors) if other != place]
            terms.append((1, build.einsum([*others, (change, [*slots, *tail])], [*node.out, *tail], sizes, node.coefficient)))
        return build.add(terms, node.dims + self.variable.dims)

    def _chain_rule(self, node: Apply) -> Tensor:
        """df(u)/dX = sum over the entries of u of df/du du/dX, the derivative of f being that of its row."""
        self._name_law(node)
        # A Frechet derivative is a function of what the function itself is of.
        function = node.args[0] if node.function == "frechet" else node
        assert isinstance(function, Apply)
        stand_ins = [build.symbol(f"argument {place}", arg.dims, mark_of(arg)) for place, arg in enumerate(function.args)]
        value = build.apply(function.function, tuple(stand_ins), function.dims, function.exponent)
        if function is not node:
            value = build.apply(node.function, (value,), node.dims, node.exponent)
        back: dict[Tensor, Tensor] = dict(zip(stand_ins, function.args))
        tail = [("variable", axis) for axis in range(self.variable.order)]
        out = [("out", axis) for axis in range(node.order)]
        terms = []
        for stand_in, arg in zip(stand_ins, function.args):
            if self.depends(arg):
                slope = rebuild(simplify(derive(value, stand_in)), back)
                inner = [("in", axis) for axis in range(arg.order)]
                terms.append((1, build.einsum([(slope, [*out, *inner]), (self._slot(arg), [*inner, *tail])], [*out, *tail])))
        return build.add(terms, node.dims + self.variable.dims)

    def _name_law(self, node: Apply) -> None:
        # A law of matrices is the same for those of a family.
        of_members = row_of(node.function).along == MEMBERS
        count = node.args[0].order - 2 if of_members else 0
        args = tuple(make.name(text, shape_of_axes(arg.dims[count:])) for text, arg in zip(ARGUMENTS, node.args))
        value = Expr(word_of(node.function) if of_members else node.function, args, shape=shape_of_axes(node.dims[count:]))
        if node.function == "power":
            found = [laws.law("power")]
        elif laws.is_matrix_function(node.function) or laws.has_rule(value):
            is_regular = all(mark_of(arg) is None for arg in node.args)
            found = [laws.law_of(value, place, is_regular) for place, arg in enumerate(node.args) if self.depends(arg)]
        else:
            found = [laws.CHAIN_RULE]
        self.laws.update(dict.fromkeys(found))

    # --- printing --------------------------------------------------------------------------------------------------------

    def _written(self, tensor: Tensor, letters: Sequence[str]) -> Expr:
        taken = (*self.setting.taken, *self.output, *self.variables)
        if (
            isinstance(tensor, Product)
            and len(tensor.factors) == 1
            and not tensor.out
            and isinstance(tensor.factors[0][0], Product)
        ):
            inner = in_indices(tensor.factors[0][0], letters, self.setting.recovery, taken)
            return squared(times([make.number(tensor.coefficient), inner], SCALAR))
        return squared(in_indices(tensor, letters, self.setting.recovery, taken))

    def _shown(self, tensor: Tensor) -> Expr:
        """The tensor in indices, with the derivatives that are not worked out written as such."""
        return self._named(self._written(tensor, [*self.output, *self.variables]))

    def _named(self, expr: Expr) -> Expr:
        def named(node: Expr, again: Expr) -> Expr:
            if node.op == "entry" and node.args[0].op == "name" and self._is_own(str(node.args[0].value)):
                return self._as_partial(str(node.args[0].value), [str(index.value) for index in node.args[1:]])
            if node.op == "name" and self._is_own(str(node.value)) and not axes_of(shape_of(node)):
                return self._as_partial(str(node.value), [])
            return again if again is node else _flattened(again)

        return rebuilt(expr, named)

    def _is_own(self, name: str) -> bool:
        return name in self.pending or name == "the deltas"

    def _as_partial(self, name: str, letters: list[str]) -> Expr:
        if name == "the deltas":
            half = len(letters) // 2
            pairs = [Expr("delta", (letter(a), letter(b)), shape=SCALAR) for a, b in zip(letters[:half], letters[half:])]
            return make.number(1) if not pairs else pairs[0] if len(pairs) == 1 else Expr("*", tuple(pairs), shape=SCALAR)
        node = self.pending[name]
        own, tail = letters[: node.order], letters[node.order :]
        try:
            above = entry(self.setting.recovery.expr(node), own)
        except Irreducible:
            above = self._written(node, own)
        return partial(above, entry(self.setting.name, tail))


def differential_law(setting: Setting, letters: Sequence[str]) -> Law:
    """dX[a,b]/dX[k,l] = delta[a,k] delta[b,l], with letters beside those in use."""
    own = list("abcdefgh"[: len(letters)])
    variable = setting.name
    left = partial(entry(variable, own), entry(variable, letters))
    pairs = [Expr("delta", (letter(a), letter(b)), shape=SCALAR) for a, b in zip(own, letters)]
    right = make.number(1) if not pairs else pairs[0] if len(pairs) == 1 else Expr("*", tuple(pairs), shape=SCALAR)
    return Law("", (left, right))


def squared(expr: Expr) -> Expr:
    """Equal entries in a product as a power: r[i] r[i] is r[i]^2."""

    def with_powers(_: Expr, node: Expr) -> Expr:
        if node.op != "*" or len(set(node.args)) == len(node.args) or any(arg.shape != SCALAR for arg in node.args):
            return node
        counts = Counter(node.args)
        args = [arg if count == 1 else make.call("^", arg, make.number(count), shape=SCALAR) for arg, count in counts.items()]
        return args[0] if len(args) == 1 else node.replace(args=tuple(args))

    return rebuilt(expr, with_powers)


def _flattened(node: Expr) -> Expr:
    """A product of numbers without brackets, and without the number 1."""
    if node.op != "*":
        return node
    opened = (arg.args if arg.op == "*" and all(part.shape == SCALAR for part in arg.args) else (arg,) for arg in node.args)
    args = [inner for part in opened for inner in part if inner != make.number(1)] or [make.number(1)]
    return args[0] if len(args) == 1 else node.replace(args=tuple(args))


def distinct(lines: Sequence[Line]) -> list[Line]:
    """The lines without those that repeat the one before but for the order of factors; of two such the later stays, by the laws of both."""
    kept: list[Line] = []
    for line in lines:
        before = kept[-1] if kept else None
        if before is not None and before.left == line.left and _words(before) == _words(line) and line.because is None:
            kept[-1] = line._replace(laws=before.laws, number=before.number, summed=before.summed, given=before.given)
        else:
            kept.append(line)
    return kept


def _words(line: Line) -> list[str]:
    return sorted(text(line.right).split())
