"""A module of code, in any language: `f`, a function per result, and one that returns both and shares their intermediate values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from matdiff.dims import Dim
from matdiff.formula import shape_of
from matdiff.render.arrays import axes_of
from matdiff.render.code import Statements
from matdiff.render.factors import shared_factors
from matdiff.render.language import LAMBDA_NAMES, Language
from matdiff.render.leftside import left_side
from matdiff.render.options import Options
from matdiff.render.plan import Node
from matdiff.render.text import text
from matdiff.render.translate import Translator
from matdiff.variables import Variable

if TYPE_CHECKING:
    from matdiff.pipeline import Derivative
    from matdiff.result import Result

# Format: the class of its language, as "module of render:class".
LANGUAGES = {
    "numpy": "numpy:NumPy",
    "jax": "jax:JAX",
    "torch": "torch:Torch",
    "julia": "julia:Julia",
    "matlab": "matlab:Matlab",
    "sympy": "sympy:SymPy",
}


def code(answer: Derivative, options: Options) -> str:
    """The module in the language of `options.format`.

    Vectors are arrays with one axis where the language has such; axes of a result: those of the output, then each variable's.
    """
    module, _, name = LANGUAGES[options.format].partition(":")
    language: type[Language] = getattr(import_module(f"matdiff.render.{module}"), name)
    return _Module(answer, language, options).text()


def function_name(result: Result, output: str = "f") -> str:
    """`df_dW`, `d2f_dx2`, `d2f_dx_dW`."""
    if not result.order:
        return output
    if result.along is not None:
        return "_".join([result.along.kind, *result.wrt])
    power = str(result.order) if result.order > 1 else ""
    names = list(dict.fromkeys(result.wrt))
    counts = [result.wrt.count(name) for name in names]
    below = "_".join(f"d{name}{count if count > 1 else ''}" for name, count in zip(names, counts))
    return f"d{power}{output}_{below}"


class _Module:
    def __init__(self, answer: Derivative, language: type[Language], options: Options) -> None:
        self.answer, self.typed, self.options = answer, answer.typed, options
        self.derivatives = [result for result in answer.results if result.order]
        names = {"f", *map(function_name, self.derivatives), *(f"f_and_{function_name(r)}" for r in self.derivatives)}
        self.reserved = language.reserved | names | set(LAMBDA_NAMES)
        self.parameters = _escaped(answer.typed.variables, self.reserved)
        arrays = [name for name, variable in answer.typed.variables.items() if axes_of(variable.shape)]
        scalars = tuple(self.parameters[name] for name in answer.typed.variables if name not in arrays)
        self.language = language(self.parameters, self.parameters[arrays[0]] if arrays else None, scalars)
        # A variable taken without its structure may leave its space, so nothing may rest on it.
        structured = answer.structure != "ignore"
        self.variables = {
            name: variable if structured or variable.property is None else Variable(name, variable.kind, variable.shape)
            for name, variable in answer.typed.variables.items()
        }

    def text(self) -> str:
        """All functions, with the helpers they use; without left sides the results alone."""
        if self.options.lhs is False:
            return "\n".join(self._function("", [result if result.order else None]) for result in self.answer.results)
        functions = [self._function("f", [None])]
        functions += [self._function(function_name(result), [result]) for result in self.derivatives]
        functions += [self._function(f"f_and_{function_name(result)}", [None, result]) for result in self.derivatives]
        for applied in self.answer.operators():
            operator = _Module(applied, type(self.language), self.options)
            functions += [operator._function(function_name(result), [result]) for result in operator.derivatives]
        return self.language.module(functions, self._helpers("\n".join(functions)))

    def _helpers(self, body: str) -> list[str]:
        """The helpers that the functions use, and those that helpers use, in the order of the table."""
        wanted: set[str] = set()
        pending = [body]
        while pending:
            used = {name for name in self.language.helpers if re.search(rf"(?<!\w){name}\b", pending[-1])} - wanted
            wanted |= used
            pending[-1:] = [self.language.helpers[name] for name in used]
        return [source for name, source in self.language.helpers.items() if name in wanted]

    def _function(self, name: str, wanted: Sequence[Result | None]) -> str:
        """A function that returns the output (None) or a result, or a tuple of them; without left sides what it returns."""
        language = self.language
        translator = Translator(self.variables, language.traits, self.options.sizes)
        roots = [self._root(translator, result) for result in wanted]
        if "lu" in language.traits:
            roots = shared_factors(translator.plan, roots)
        taken = {*self.reserved, *self.parameters.values(), *self.typed.size_names, *translator.indices}
        statements = Statements(roots, language.spell, taken, translator.plan.names)
        if self.options.lhs is False:
            return "\n".join([*(language.assignment(*line) for line in statements.lines), *statements.returned])
        sizes = list(dict.fromkeys(name for node in statements.nodes if node.op == "size" for name in _names(node)))
        lines = self._size_lines(sizes)
        solved = {left for left, _ in lines}
        free = [size for size in sizes if size not in solved]  # sizes that no argument has, as in tr(I)
        directions = () if any(result is not None and result.along for result in wanted) else self.answer.introduced
        own = [shown for name, shown in self.parameters.items() if name not in directions]
        parameters = [*own, *translator.indices, *free]
        documentation = self._documentation(wanted, list(translator.assumed))
        body = [*lines, *language.prelude(), *statements.lines]
        return language.function(name, parameters, documentation, body, statements.returned)

    def _root(self, translator: Translator, result: Result | None) -> Node:
        translator.start()
        if result is None:
            for name, expr in self.typed.definitions.items():
                translator.define(name, expr)
            return self._whole(translator, self.typed.expr)
        for part in result.where:
            translator.define(part.name, part.expr)
        if result.form == "matrix":
            return self._whole(translator, result.value_expr)
        return translator.entries(result.expr, [(letter, dim) for _, _, dim, letter in result.axes])

    def _whole(self, translator: Translator, expr: object) -> Node:
        value = translator.value(expr)  # type: ignore[arg-type]
        node = translator.dense(value)
        return translator.plan.make("row_result", node, shape=node.shape) if value.kind == "row" else node

    # Documentation.

    def _documentation(self, wanted: Sequence[Result | None], assumed: Sequence[str]) -> str:
        parts = []
        for result in wanted:
            if result is None:
                body = "; ".join([*(f"{n} = {text(e)}" for n, e in self.typed.definitions.items()), text(self.typed.expr)])
                parts.append(f"{body}, {_shape_words(axes_of(shape_of(self.typed.expr)))}")
            else:
                parts.append(f"{self._left(result)} = {result.value_line}, {_shape_words(result.tensor.dims)}")
        left_out = () if any(result is not None and result.along for result in wanted) else self.answer.introduced
        variables = {name: variable for name, variable in self.typed.variables.items() if name not in left_out}
        kinds = [f"{self.parameters[name]}: {_described(variable)}" for name, variable in variables.items()]
        order = f"  Products are ordered as for {' = '.join(assumed)}; --size says otherwise." if assumed else ""
        return f"{' and '.join(parts)}.  {', '.join(kinds)}.{order}"

    def _left(self, result: Result) -> str:
        return text(left_side(self.answer, result)) if result.along else _left(result)

    # Sizes.

    def _size_lines(self, wanted: Iterable[str]) -> list[tuple[str, str]]:
        """Statements that read the sizes off the shapes of the arguments."""
        lines: list[tuple[str, str]] = []
        known: set[str] = set()
        axes = [
            (dim, self.language.axis(self.parameters[name], axis, len(axes_of(variable.shape))))
            for name, variable in self.typed.variables.items()
            for axis, dim in enumerate(axes_of(variable.shape))
        ]
        for size_name in wanted:
            for dim, source in sorted(axes, key=lambda pair: len(pair[0].terms[0][0]) + len(pair[0].terms)):
                solved = self._solved(dim, size_name, source, known)
                if solved is not None:
                    lines.append((size_name, solved))
                    known.add(size_name)
                    break
        return lines

    def _solved(self, dim: Dim, wanted: str, source: str, known: set[str]) -> str | None:
        """The size name from an axis: `x.shape[0]`, `x.shape[0] - 1`, `x.shape[0] // (2 * m)`."""
        holding = [(monomial, coefficient) for monomial, coefficient in dim.terms if wanted in monomial]
        if len(holding) != 1 or holding[0][0].count(wanted) != 1:
            return None
        monomial, coefficient = holding[0]
        others = [name for name in monomial if name != wanted]
        rest = [(m, c) for m, c in dim.terms if wanted not in m]
        if any(name not in known for name in (*others, *(name for m, _ in rest for name in m))):
            return None
        total = source
        for m, c in rest:
            total += f" {'-' if c > 0 else '+'} {' * '.join([str(abs(c)), *m])}"
        divisors = [str(coefficient)] if coefficient != 1 else []
        divisors += others
        if not divisors:
            return total
        return self.language.divided(
            f"({total})" if rest else total, f"({' * '.join(divisors)})" if len(divisors) > 1 else divisors[0]
        )


def _escaped(names: Iterable[str], reserved: frozenset[str] | set[str]) -> dict[str, str]:
    """Parameters: the names, with underscores behind those that are taken."""
    found: dict[str, str] = {}
    for name in names:
        shown = name
        while shown in reserved or shown in found.values() or (shown != name and shown in names):
            shown += "_"
        found[name] = shown
    return found


def _names(node: Node) -> tuple[str, ...]:
    assert isinstance(node.data, Dim)
    return node.data.names


def _left(result: Result) -> str:
    """`d2f / dx dx`, `df / dX [i, j, k, l]`."""
    below = " ".join(f"d{name}" for name in result.wrt)
    left = f"d{result.order if result.order > 1 else ''}f / {below}"
    if result.form == "index":
        left += f" [{', '.join(letter for *_, letter in result.axes)}]"
    return left


def _described(variable: Variable) -> str:
    shape = _array_shape(axes_of(variable.shape))
    return f"{shape} {variable.property}" if variable.property else shape


def _array_shape(dims: Sequence[Dim]) -> str:
    if not dims:
        return "a number"
    return f"({', '.join(map(str, dims))}{',' if len(dims) == 1 else ''})"


def _shape_words(dims: Sequence[Dim]) -> str:
    return "a number" if not dims else f"shape {_array_shape(dims)}"
