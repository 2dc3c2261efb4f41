"""What a code format is: its tables of spellings and the few sentences that differ from language to language.

In a template `{0}`, `{1}`, ... are the parts of a node, and a word in capitals is the method of the language of that name, or stands
in its `library`: in `np.ones(SIZES)` `sizes` writes the sizes.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence

from matdiff.code.plan import Node
from matdiff.code.spelling import ATOM, POWER, SUM, TERM, UNARY, Entry, Spelling
from matdiff.functions import FUNCTIONS, Function, lifted
from matdiff.language.dims import Dim
from matdiff.language.syntax import Expr, Rational

WORD = re.compile(r"\b[A-Z]{2,}\b")
# Larger whole numbers are no exact floating-point numbers, or no integers of the language.
_LARGEST_WHOLE = 2**53
# The arguments of functions without a name; no parameter has these names.
LAMBDA_NAMES = ("point", "along", "beside")


class Language(ABC):
    """A format, for one function: `parameters` are how its variables are spelled, `like` is the first array among them, or None,
    `scalars` those that are numbers, and `numbers` how its sizes and positions are spelled.

    operations   spellings by the operation of the plan, beside those that all languages share
    functions    spellings by the row of the function table; a function without one is written by its definition
    library      words of the templates: what the libraries are called
    helpers      functions that a module defines when it uses them: name, source
    reserved     names that a parameter must not have
    results      names that the function gives to what it returns
    lambda_      a function of `ARGUMENTS` that is `BODY`
    definition   how a function is written, `row` how a variable is that is a row
    extents      how the sizes of an array are written: with one axis, and with more
    axes         how the size of an axis of a parameter is: the only one, and one of several by its number
    quotient     a whole quotient of sizes, `own` the name of a helper, `handle` a named function as a value
    traits       see `arrays.Arrays`
    first        the number of the first entry of an array
    """

    operations: Mapping[str, Entry]
    functions: Mapping[str, Entry]
    library: Mapping[str, str] = {}
    helpers: Mapping[str, str] = {}
    lambda_ = "lambda ARGUMENTS: BODY"
    definition: str
    row = "{}"
    extents = "{}", "{}"
    axes = "{0}.shape[{1}]", "{0}.shape[{1}]"
    quotient = "{} // {}"
    own = "_{}"
    handle = "{}"
    reserved: frozenset[str] = frozenset()
    results: tuple[str, ...] = ()
    traits: tuple[str, ...] = ("broadcast",)
    first = 0

    def __init__(
        self,
        parameters: Mapping[str, str],
        like: str | None,
        scalars: tuple[str, ...] = (),
        numbers: Mapping[str, str] | None = None,
    ) -> None:
        self.parameters, self.like, self.scalars, self.numbers = parameters, like, scalars, numbers or {}

    # What a module is made of.

    @abstractmethod
    def module(self, body: Sequence[str], helpers: Sequence[str]) -> str:
        """The whole file."""

    def function(
        self, name: str, parameters: Sequence[str], documentation: str, lines: Sequence[tuple[str, str]], returned: Sequence[str]
    ) -> str:
        """One function."""
        body = "".join(f"    {self.assignment(*line)}\n" for line in lines) + f"    return {', '.join(returned)}"
        return self.definition.format(name=name, parameters=", ".join(parameters), documentation=documentation, body=body)

    def axis(self, parameter: str, place: int, count: int) -> str:
        """The size of an axis of a parameter with `count` axes."""
        return self.axes[count > 1].format(parameter, place + self.first)

    def prelude(self) -> list[tuple[str, str]]:
        """Assignments at the start of every function."""
        return []

    def assignment(self, left: str, right: str) -> str:
        """A statement that gives a value a name."""
        return f"{left} = {right}"

    # Spellings.

    def spell(self, node: Node) -> Spelling:
        """How a node is written."""
        entry = self.functions[node.data] if node.op == "apply" else self.operations.get(node.op) or _COMMON.get(node.op)
        if entry is None:
            own: Spelling = getattr(self, node.op)(node)
            return own
        found = entry(node) if callable(entry) else entry
        spelling = Spelling(found) if isinstance(found, str) else found
        return spelling._replace(template=WORD.sub(lambda word: self._word(word[0], node), spelling.template))

    def _word(self, word: str, node: Node) -> str:
        return self.library.get(word) or str(getattr(self, word.lower())(node))

    def parts(self, node: Node) -> str:
        """All parts."""
        return _marks(range(len(node.parts)))

    def sizes(self, node: Node) -> str:
        """The sizes of an array, which are its last parts: `n`, `(m, n)`."""
        return self.extents[len(node.shape) > 1].format(self.ends(node))

    def ends(self, node: Node) -> str:
        """The same without anything around them."""
        return _marks(range(len(node.parts) - len(node.shape), len(node.parts)))

    def places(self, node: Node) -> str:
        """What stands in brackets to pick entries: `{1}, :`."""
        marks = iter(range(1, len(node.parts)))
        return ", ".join(":" if place == ":" else f"{{{next(marks)}}}" for place in node.data)

    def data(self, node: Node) -> str:
        """What the plan says of the node, as it is."""
        return str(node.data)

    def variable(self, node: Node) -> Spelling:
        name, kind, *_ = node.data
        return Spelling((self.row if kind == "row" else "{}").format(self.parameters[name]))

    def number(self, node: Node) -> Spelling:
        value: Rational = node.data
        if value.denominator == 1:
            whole = value.numerator
            text = str(whole) if abs(whole) < _LARGEST_WHOLE else f"{whole}.0"
            return Spelling(text, ATOM if whole >= 0 else UNARY)
        return Spelling(f"{value.numerator} / {value.denominator}", TERM)

    def size(self, node: Node) -> Spelling:
        return self.dimension(node.data)

    def dimension(self, dim: Dim) -> Spelling:
        """A size: `n`, `2 * n + 1`."""
        terms = []
        for monomial, coefficient in sorted(dim.terms, key=lambda term: (not term[0], term[0])):
            names = [self.numbers[name] for name in monomial]
            factors = names if coefficient == 1 and names else [str(coefficient), *names]
            terms.append(" * ".join(factors))
        text = " + ".join(terms).replace("+ -", "- ") or "0"
        return Spelling(text, SUM if len(terms) > 1 else ATOM if " " not in text else TERM)

    def place(self, node: Node) -> Spelling:
        """A position, which the plan counts from 1 but for an index of code."""
        index: Expr = node.data
        if index.op == "index":
            return Spelling(self.position(self.numbers[str(index.value)]))
        if index.op == "number" and isinstance(index.value, int):
            return Spelling(str(index.value - 1 + self.first))
        text = self._arithmetic(index)
        return Spelling(text if self.first else f"{text} - 1", ATOM if self.first else SUM)

    def _arithmetic(self, index: Expr) -> str:
        """An index such as i + 1."""
        if not index.args:
            return self.position(self.numbers[str(index.value)]) if index.op == "name" else str(index.value)
        parts = [self._arithmetic(part) for part in index.args]
        return f"-{parts[0]}" if index.op == "neg" else f"({f' {index.op} '.join(parts)})"

    def position(self, name: str) -> str:
        """A number where it counts entries."""
        return name

    def frechet(self, node: Node) -> Spelling:
        """The derivative of a matrix function in the directions that are the last parts."""
        row = FUNCTIONS[str(node.data)]
        count = len(node.parts) - row.order
        return self._frechet(row, count, [f"{{{place}}}" for place in range(count, len(node.parts))])

    def slope(self, node: Node) -> Spelling:
        """The same in all directions; the last part is the size."""
        row = FUNCTIONS[str(node.data)]
        count = len(node.parts) - 1
        directions = LAMBDA_NAMES[1 : 1 + row.order]
        body = self._frechet(row, count, directions).template
        function = self.lambda_.replace("ARGUMENTS", ", ".join(directions)).replace("BODY", body)
        return Spelling(
            f"{self.own.format('slope')}{_counted(row.order)}({function}, {{{count}}})", needs=(SUM,) * len(node.parts)
        )

    def _frechet(self, row: Function, count: int, directions: Sequence[str]) -> Spelling:
        """`count` is the number of the function's own arguments."""
        own = ", ".join(f"{{{place}}}" for place in range(1, count))
        along = ", ".join(directions)
        if not FUNCTIONS[row.of].rules:  # no primary function, so it has no corner in a block matrix
            arguments = ", ".join(part for part in ("{0}", own, along) if part)
            return Spelling(f"{self.own.format(row.name)}({arguments})")
        name = str(self.functions[row.of]).partition("(")[0]
        function = self.handle.format(name)
        if own:
            inside = f"{name}({LAMBDA_NAMES[0]}, {own})"
            function = self.lambda_.replace("ARGUMENTS", LAMBDA_NAMES[0]).replace("BODY", inside)
        text = f"{self.own.format('frechet')}{_counted(row.order)}({function}, {{0}}, {along})"
        return Spelling(text, needs=(SUM,) * (count + row.order))

    def each(self, node: Node) -> Spelling:
        """A function of every matrix that the last two axes of an array hold; a helper goes through the others, if there are any."""
        if "matrices" in self.traits or len(node.parts[0].shape) == 2:
            return self._of_matrix(node)
        body = self._of_matrix(node).template.replace("{0}", LAMBDA_NAMES[0])
        function = self.lambda_.replace("ARGUMENTS", LAMBDA_NAMES[0]).replace("BODY", body)
        numbers = self._axes_of_each(node)
        return Spelling(f"{self.own.format('each')}({function}, {{0}}, {', '.join(map(str, numbers))})", needs=(SUM,))

    def _axes_of_each(self, node: Node) -> tuple[int, ...]:
        """How many axes the helper goes through."""
        return (len(node.parts[0].shape) - 2,)

    def _of_matrix(self, node: Node) -> Spelling:
        """The same function of one matrix."""
        planned = {"inv": "inverse", lifted("max", "rows"): "row_max"}
        return self.spell(Node(planned.get(node.data, "apply"), node.parts, node.shape, node.data))

    def dot(self, node: Node) -> str:
        """What stands before the signs of a sum."""
        return ""

    def add(self, node: Node) -> Spelling:
        dot = self.dot(node)
        rest = "".join(f" {dot}{sign} {{{place}}}" for place, sign in enumerate(node.data))[len(dot) + 3 :]
        template = rest if node.data[0] == "+" else f"-{rest}"
        return Spelling(template, SUM, (SUM if node.data[0] == "+" else POWER, *[TERM] * (len(node.parts) - 1)))


def _counted(order: int) -> str:
    return str(order) if order > 1 else ""


def _marks(places: Iterable[int]) -> str:
    return ", ".join(f"{{{place}}}" for place in places)


# A part by itself.
SAME = Spelling("{0}", needs=(SUM,))
_COMMON: Mapping[str, Entry] = {
    "neg": Spelling("-{0}", UNARY, (POWER,)),
    "times": Spelling("{0} * {1}", TERM, (TERM, UNARY)),
    "over": Spelling("{0} / {1}", TERM, (TERM, POWER)),
    "power": Spelling("{0}**{1}", POWER, (ATOM, ATOM)),
    "single": SAME,
    "row_result": SAME,
}


def block_rows(node: Node) -> list[str]:
    """The blocks of each row of a matrix of blocks, with commas."""
    places = range(len(node.parts))
    return [_marks(places[start : start + node.data]) for start in places[:: node.data]]


def helpers_of(file: str) -> Mapping[str, str]:
    """The functions in a file beside the languages, by their names; empty lines part them."""
    from importlib.resources import files  # takes long to load, and most formats have no such file

    sources = files("matdiff.code.languages").joinpath(file).read_text(encoding="utf-8").rstrip().split("\n\n")[1:]
    names = (re.search(r"^(?:function )?(?:y = )?(\w+)\(", source, re.MULTILINE) for source in sources)
    return {name[1]: source for name, source in zip(names, sources) if name}


def infix(template: str) -> Spelling:
    """An operation between atoms that binds as a product does."""
    return Spelling(template, TERM, (ATOM, ATOM))
