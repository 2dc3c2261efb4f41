"""The method of Magnus and Neudecker: d applied, the variable's differential moved to the right, the derivative read off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from matdiff.language import make
from matdiff.language.dims import SCALAR
from matdiff.language.kinds import kind_of
from matdiff.language.queries import post_order, shape_of
from matdiff.language.syntax import Expr
from matdiff.steps import laws
from matdiff.steps.build import differential, entry, rewritten, summed, times
from matdiff.steps.derivation import Derivation, Law, Line
from matdiff.steps.identify import Form, pairing
from matdiff.steps.indices import distinct
from matdiff.steps.rewrite import Rewriting
from matdiff.steps.setting import Setting, last_line, projection_law
from matdiff.tensor.lower import axes_of


def by_differentials(setting: Setting) -> Derivation:
    """The derivation of one differentiation."""
    return Derivation("differential", setting.result.wrt, _Differentials(setting).lines(), {})


class _Differentials:
    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.rewriting = Rewriting(setting.moving, setting.is_regular)
        self.left = differential(setting.output)
        self.shape = setting.shape

    def lines(self) -> list[Line]:
        found: list[Line] = []
        parts: dict[str, Expr] = {}
        for name, value in self.setting.definitions.items():
            if name in self.setting.moving:
                leaf = make.name(name, shape_of(value))
                applied = list(self._applied(differential(leaf), value))
                found += applied
                parts[name] = applied[-1].right
        applied = list(self._applied(self.left, self.setting.expr))
        found += applied
        whole = applied[-1].right
        for right, used in self._put_in(whole, parts):
            found.append(self._line(right, used))
            whole = right
        found += self._identified(whole)
        return distinct(found)

    def _line(self, right: Expr, used: tuple[Law, ...] = ()) -> Line:
        return Line(self.left, right, used, axes_of(self.shape))

    # d applied

    def _applied(self, left: Expr, expr: Expr) -> Iterator[Line]:
        """d of an expression, function by function; where its own value stands in the right side, its name does."""
        rewriting, axes = self.rewriting, axes_of(shape_of(expr))
        known = {expr: make.name(str(left.value), shape_of(expr))} if left != self.left and expr.args else {}
        right = _replaced(rewriting.applied(expr), known)
        yield Line(left, right, rewriting.taken_laws() or (laws.LINEAR,), axes)
        while not rewriting.is_open(right):
            right = _replaced(rewriting.opened(right), known)
            yield Line(left, right, rewriting.taken_laws() or (laws.LINEAR,), axes)

    def _put_in(self, whole: Expr, parts: dict[str, Expr]) -> Iterator[tuple[Expr, tuple[Law, ...]]]:
        """The differentials of the definitions in place of their names, the last definition first."""
        for name in reversed(parts):
            target = differential(make.name(name, shape_of(parts[name])))
            if any(node == target for node in post_order(whole)):
                whole = _replaced(whole, {target: parts[name]})
                yield whole, (Law("put in", of=target),)

    # the derivative read off

    def _identified(self, whole: Expr) -> Iterator[Line]:
        setting, result = self.setting, self.setting.result
        change = setting.change
        left = setting.left
        law = projection_law(setting)
        if result.form == "index":
            yield from self._by_entries(law)
            return
        form = Form(whole, change, setting.values, setting.restored, setting.recovery)
        for stage in form.stages():
            yield self._line(stage.right, stage.laws or (laws.COLLECT,))
        slope = result.value_expr
        if law is not None:
            slope = setting.plain_formula() or slope
        used = laws.COLLECT if len(form.paths) != 1 else laws.PUT_IN if setting.definitions else laws.SIMPLIFY
        if kind_of(self.shape) == "row" and result.tensor.order == 1 and law is None:
            slope = setting.recovery.writer.transposed(slope)
        yield self._line(pairing(slope, change, self.shape), (used,))
        named = make.name(" derivative", shape_of(slope))
        because = _paired_with(left, named, pairing(named, change, self.shape))
        if setting.answer.asked.structure == "entries" and law is not None:
            yield last_line(setting, (law,))
        else:
            yield last_line(setting, () if law is None else (law,), (self.left, because))

    def _by_entries(self, law: Law | None) -> Iterator[Line]:
        """dY[i,j] as a sum over the entries of dX: what has no matrix notation is read off entry by entry."""
        setting, result = self.setting, self.setting.result
        output, variable = setting.letters
        left, change = entry(self.left, output), entry(setting.change, variable)
        if law is None:
            body = _scaled(result.expr, change)
            yield Line(left, summed(body, variable), (laws.ENTRIES,), axes_of(self.shape))
        because = summed(times([setting.left.replace(shape=SCALAR), change], SCALAR), variable)
        yield last_line(setting, () if law is None else (law,), (left, because))


def _scaled(expr: Expr, factor: Expr) -> Expr:
    """expr * factor, where expr is in index notation."""
    if expr.op == "sigma":
        expr, factor = factor, expr
    return times([expr, factor], SCALAR)


def _replaced(expr: Expr, replacements: Mapping[Expr, Expr]) -> Expr:
    """The expression with others in place of all that equals them."""
    return rewritten(expr, replacements.get)


def _paired_with(left: Expr, named: Expr, paired: Expr) -> Expr:
    """The pairing with the name of the derivative in it: (df/dX) : dX."""
    return _replaced(paired, {named: left.replace(shape=shape_of(named))})
