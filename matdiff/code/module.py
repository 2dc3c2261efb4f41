"""A module of code, in any language: `f`, a function per result, and one that returns both and shares their intermediate values."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from itertools import starmap
from typing import Protocol

from matdiff.answer.answer import Answer
from matdiff.answer.leftside import left_side
from matdiff.answer.member import by_member
from matdiff.answer.result import Result
from matdiff.code.factors import shared_factors
from matdiff.code.language import LAMBDA_NAMES, Language
from matdiff.code.plan import Node
from matdiff.code.spelling import Statements
from matdiff.code.translate import Translator
from matdiff.language.dims import Dim
from matdiff.language.kinds import Variable
from matdiff.language.queries import index_names, post_order, shape_of
from matdiff.language.text import definition, text
from matdiff.pipeline import operators
from matdiff.tensor.lower import axes_of

# Format: the class of its language, as "module:class".
LANGUAGES = {
    "numpy": "numpy:NumPy",
    "jax": "jax:JAX",
    "torch": "torch:Torch",
    "julia": "julia:Julia",
    "matlab": "matlab:Matlab",
    "sympy": "sympy:SymPy",
}


class Wanted(Protocol):
    """What code is asked for."""

    @property
    def format(self) -> str:
        """A key of `LANGUAGES`."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """Numbers for size names, which decide the order of products."""

    @property
    def lhs(self) -> bool | None:
        """False for what the functions return, without the functions."""

    @property
    def number(self) -> int | None:
        """The place of the answer among several in one module, whose functions it tells apart."""


def code(answer: Answer, options: Wanted) -> str:
    """The module in the language of `options.format`.

    Vectors are arrays with one axis where the language has such; axes of a result: those of the output, then each variable's.
    """
    return module([functions(answer, options)], options)


def functions(answer: Answer, options: Wanted) -> list[str]:
    """The functions of one answer.  `options.number` tells them from those of the other answers of the module."""
    own = _Functions(answer, _language(options), options)
    return own.bare() if options.lhs is False else own.texts()


def module(answers: Iterable[Sequence[str]], options: Wanted) -> str:
    """One module of the functions of several answers, with the helpers that they use and what is imported for them, once."""
    language = _language(options)({}, None)
    texts = [text for answer in answers for text in answer]
    if options.lhs is False:
        return "\n".join(texts)
    return language.module(texts, _helpers(language, "\n".join(texts)))


def _language(options: Wanted) -> type[Language]:
    module, _, name = LANGUAGES[options.format].partition(":")
    language: type[Language] = getattr(import_module(f"matdiff.code.languages.{module}"), name)
    return language


def _helpers(language: Language, body: str) -> list[str]:
    """The helpers that the functions use, and those that helpers use, in the order of the table."""
    wanted: set[str] = set()
    pending = [body]
    while pending:
        used = {name for name in language.helpers if re.search(rf"(?<!\w){name}\b", pending[-1])} - wanted
        wanted |= used
        pending[-1:] = [language.helpers[name] for name in used]
    return [source for name, source in language.helpers.items() if name in wanted]


def function_name(result: Result, output: str = "f") -> str:
    """`df_dW`, `d2f_dx2`, `d2f_dx_dW`; of an output called f_1 `df_1_dW`, `hvp_1_x`."""
    if not result.order:
        return output
    if result.along is not None:
        return "_".join([result.along.kind + output.removeprefix("f"), *result.wrt])
    power = str(result.order) if result.order > 1 else ""
    names = list(dict.fromkeys(result.wrt))
    counts = [result.wrt.count(name) for name in names]
    below = "_".join(f"d{name}{count if count > 1 else ''}" for name, count in zip(names, counts))
    return f"d{power}{output}_{below}"


class _Functions:
    """The functions of one answer.  In each of them a name has one meaning.

    output      the name of the function of the value
    parameters  how the variables are called
    numbers     how the sizes are called, and the names that stand as positions
    """

    def __init__(self, answer: Answer, language: type[Language], options: Wanted) -> None:
        self.answer, self.typed, self.options, self.language = answer, answer.typed, options, language
        self.output = "f" if options.number is None else f"f_{options.number}"
        self.results = [by_member(answer, result) for result in answer.results]
        self.derivatives = [result for result in self.results if result.order]
        self.names = _escaped([function_name(result, self.output) for result in self.derivatives], {self.output})
        self.reserved = language.reserved | language.helpers.keys() | {*LAMBDA_NAMES, *language.results, self.output}
        self.reserved |= {*self.names, *(f"{self.output}_and_{name}" for name in self.names)}
        self.parameters = dict(zip(answer.typed.variables, _escaped(answer.typed.variables, self.reserved)))
        numbers = tuple(dict.fromkeys((*answer.typed.number_names(), *_positions(self.derivatives))))
        self.numbers = dict(zip(numbers, _escaped(numbers, {*self.reserved, *self.parameters.values()})))
        sizes = {name for dim in answer.typed.dims_and_indices()[0] for name in dim.names}
        self.numbers |= {name: self.parameters[name] for name in numbers if name in self.parameters and name not in sizes}
        # A variable taken without its structure may leave its space, so nothing may rest on it.
        structured = answer.asked.structure != "ignore"
        self.variables = {
            name: variable if structured or variable.property is None else Variable(name, variable.kind, variable.shape)
            for name, variable in answer.typed.variables.items()
        }

    def bare(self) -> list[str]:
        """What the functions of the results return, without the functions."""
        return [self._function("", [result if result.order else None]) for result in self.results]

    def texts(self) -> list[str]:
        """All functions."""
        found = [self._function(self.output, [None])]
        found += [self._function(name, [result]) for name, result in zip(self.names, self.derivatives)]
        both = [(f"{self.output}_and_{name}", result) for name, result in zip(self.names, self.derivatives)]
        found += [self._function(name, [None, result]) for name, result in both]
        for applied in operators(self.answer):
            operator = _Functions(applied, self.language, self.options)
            found += [operator._function(name, [result]) for name, result in zip(operator.names, operator.derivatives)]
        return found

    def _function(self, name: str, wanted: Sequence[Result | None]) -> str:
        """A function that returns the output (None) or a result, or a tuple of them; without left sides what it returns."""
        own = self._own(wanted)
        arrays = [self.parameters[name] for name, variable in own.items() if axes_of(variable.shape)]
        scalars = tuple(self.parameters[name] for name, variable in own.items() if not axes_of(variable.shape))
        language = self.language(self.parameters, arrays[0] if arrays else None, scalars, self.numbers)
        translator = Translator(self.variables, language.functions, language.traits, self.options.sizes)
        roots = [self._root(translator, result) for result in wanted]
        if "lu" in language.traits:
            roots = shared_factors(translator.plan, roots)
        taken = {*self.reserved, *self.parameters.values(), *self.numbers.values()}
        statements = Statements(roots, language.spell, taken, translator.plan.names)
        if self.options.lhs is False:
            return "\n".join([*(language.assignment(*line) for line in statements.lines), *statements.returned])
        sizes = [name for node in statements.nodes if node.op == "size" for name in node.data.names]
        members = set(_positions(self.derivatives))
        numbers = sorted(
            dict.fromkeys([*translator.indices, *sizes]), key=lambda name: name in members
        )  # the index of a member last
        lines = self._size_lines(language, own, numbers)
        parameters = [self.parameters[name] for name in own]
        # What no argument has, as the size in tr(I), is a parameter too.
        parameters += [self.numbers[name] for name in numbers if self.numbers[name] not in (*parameters, *dict(lines))]
        documentation = self._documentation(own, wanted, list(translator.assumed))
        body = [*lines, *language.prelude(), *statements.lines]
        return language.function(name, parameters, documentation, body, statements.returned)

    def _own(self, wanted: Sequence[Result | None]) -> dict[str, Variable]:
        """The variables that a function takes: directions only where something is applied to them."""
        left_out = () if any(result is not None and result.along for result in wanted) else self.answer.introduced
        return {name: variable for name, variable in self.typed.variables.items() if name not in left_out}

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

    def _documentation(self, own: Mapping[str, Variable], wanted: Sequence[Result | None], assumed: Sequence[str]) -> str:
        parts = []
        for result in wanted:
            if result is None:
                body = "; ".join([*starmap(definition, self.typed.definitions.items()), text(self.typed.expr)])
                parts.append(f"{body}, {_shape_words(axes_of(shape_of(self.typed.expr)))}")
            else:
                parts.append(f"{self._left(result)} = {result.value_line}, {_shape_words(result.tensor.dims)}")
        kinds = [f"{self.parameters[name]}: {_described(variable)}" for name, variable in own.items()]
        order = f"  Products are ordered as for {' = '.join(assumed)}; --size says otherwise." if assumed else ""
        return f"{' and '.join(parts)}.  {', '.join(kinds)}.{order}"

    def _left(self, result: Result) -> str:
        return text(left_side(self.answer, result)) if result.along else _left(result, self.output)

    # Sizes.

    def _size_lines(self, language: Language, own: Mapping[str, Variable], wanted: Iterable[str]) -> list[tuple[str, str]]:
        """Statements that read the sizes off the shapes of the arguments `own`."""
        lines: list[tuple[str, str]] = []
        known: set[str] = set()
        axes = [
            (dim, language.axis(self.parameters[name], axis, len(axes_of(variable.shape))))
            for name, variable in own.items()
            for axis, dim in enumerate(axes_of(variable.shape))
        ]
        for size_name in wanted:
            for dim, source in sorted(axes, key=lambda pair: len(pair[0].terms[0][0]) + len(pair[0].terms)):
                solved = self._solved(language, dim, size_name, source, known)
                if solved is not None:
                    lines.append((self.numbers[size_name], solved))
                    known.add(size_name)
                    break
        return lines

    def _solved(self, language: Language, dim: Dim, wanted: str, source: str, known: set[str]) -> str | None:
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
            total += f" {'-' if c > 0 else '+'} {' * '.join([str(abs(c)), *map(self.numbers.__getitem__, m)])}"
        divisors = [str(coefficient)] if coefficient != 1 else []
        divisors += map(self.numbers.__getitem__, others)
        if not divisors:
            return total
        return language.quotient.format(
            f"({total})" if rest else total, f"({' * '.join(divisors)})" if len(divisors) > 1 else divisors[0]
        )


def _escaped(names: Iterable[str], reserved: Collection[str]) -> list[str]:
    """The names, with underscores behind those that are taken."""
    found: list[str] = []
    for name in names:
        shown = name
        while shown in reserved or shown in found or (shown != name and shown in names):
            shown += "_"
        found.append(shown)
    return found


def _positions(results: Iterable[Result]) -> Iterator[str]:
    """The indices of members in the results."""
    for part in (node for result in results for expr in result.formulas for node in post_order(expr)):
        if part.op == "at":
            yield from index_names(part.args[1:])


def _left(result: Result, output: str) -> str:
    """`d2f / dx dx`, `df / dX [i, j, k, l]`."""
    below = " ".join(f"d{name}" for name in result.wrt)
    left = f"d{result.order if result.order > 1 else ''}{output} / {below}"
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
