"""Every mistake matdiff can tell a user about, as data: one class per kind, with the spans and shapes in named fields.

There is no wording here; `mistakes` turns a mistake into words and carets.  The code and the name are stable (`--explain E301`,
JSON); E1xx reading, E2xx names and declarations, E3xx kinds and sizes, E4xx derivatives, E5xx usage, W6xx remarks.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matdiff.language.dims import Dim, Shape
    from matdiff.language.syntax import Expr, Rational, Span

WRONG_USAGE = 2
WRONG_EXPRESSION = 3
NO_CLOSED_FORM = 4


class Record:
    """A value that equals another of its class with equal parts."""

    __slots__: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and all(getattr(self, part) == getattr(other, part) for part in self.__slots__)

    def __hash__(self) -> int:
        return hash((type(self), *(getattr(self, part) for part in self.__slots__)))


class Problem:
    """Base of errors and remarks.  Keyword arguments become attributes; a value in the class is the default.

    The annotations of a class and of its bases are its fields.  Two problems are equal if their classes and fields are.  `str` is
    what the command prints: the message, the lines of the text with carets and labels, help and notes.

    source        the text whose code points the spans count, where it is known
    declarations  what is declared elsewhere than in this text
    said          the words of a problem that comes from another process
    fields        the names of all fields
    aids          fields that only help to find the words: they are not compared, and another process gets the words instead
    """

    code = ""
    name = ""
    severity = "error"
    fields: tuple[str, ...] = ("source", "declarations", "said")
    aids: tuple[str, ...] = ("declarations", "said")
    source = ""
    declarations: tuple[Any, ...] = ()
    said = ""

    def __init_subclass__(cls, **more: object) -> None:
        super().__init_subclass__(**more)
        cls.fields = (*cls.fields, *cls.__annotations__)

    def __init__(self, **given: object) -> None:
        super().__init__()
        for field, value in given.items():
            if field not in self.fields:
                raise TypeError(f"{type(self).__name__} has no field {field}")
            setattr(self, field, value)
        for field in self.fields:
            if not hasattr(self, field):
                raise TypeError(f"{type(self).__name__} needs the field {field}")

    def values(self) -> dict[str, object]:
        """The fields by name."""
        return {field: getattr(self, field) for field in self.fields}

    def about(self, source: str, declarations: Sequence[Any] = ()) -> None:
        """Note the text that the spans count, and what is declared elsewhere, unless a text is known already."""
        if not self.source:
            self.source, self.declarations = source, tuple(declarations)

    def _compared(self) -> dict[str, object]:
        return {field: value for field, value in self.values().items() if field not in self.aids}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Problem) and type(other) is type(self) and self._compared() == other._compared()

    def __hash__(self) -> int:
        return hash((self.code, self.name))  # the other fields may still be filled in

    def __copy__(self) -> Problem:
        return _remade(type(self), self.values())

    def __deepcopy__(self, known: dict[int, object]) -> Problem:
        return _remade(type(self), deepcopy(self.values(), known))

    def __reduce__(self) -> tuple[object, ...]:
        # What Python would keep of an exception are its positional arguments, and there are none.
        notes = getattr(self, "__notes__", None)
        return _remade, (type(self), {**self._compared(), "said": str(self)}), {"__notes__": notes} if notes else None

    def __str__(self) -> str:
        return self.said or (self.bare if _words is None else _words(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._listed()})"

    @property
    def bare(self) -> str:
        """Code, name and fields, where the text that they are about is not known."""
        return f"{self.code} {self.name}: {self._listed()}"

    def _listed(self) -> str:
        return ", ".join(f"{field}={value!r}" for field, value in self.values().items() if field not in Problem.fields)


def _remade(kind: type[Problem], values: dict[str, object]) -> Problem:
    return kind(**values)


_words: Callable[[Any], str] | None = None


def speak_with(words: Callable[[Any], str]) -> None:
    """Let `words` say what `str` gives: what is said rests on all that stands above this module."""
    global _words
    _words = words


class MatdiffError(Problem, Exception):
    """Base of every error a user can cause; `exit_status` is that of the command.

    whole   the question in which it is, where that could be read; a change is tried in it
    """

    exit_status = WRONG_EXPRESSION
    aids = (*Problem.aids, "whole")
    whole: object = None

    @property
    def errors(self) -> tuple[MatdiffError, ...]:
        """The single errors: this one, or those that it holds."""
        return (self,)


class Remark(Problem):
    """Base of what is worth saying although the input is accepted.

    departs   it tells that something is read as something else than the plain language says
    """

    severity = "warning"
    departs = False


class Errors(MatdiffError):
    """The independent errors of one statement or text, in the order of the text.

    `exit_status` is the largest of theirs, `code` and `name` are those of the first.
    """

    several: tuple[MatdiffError, ...]

    def __init__(self, several: Sequence[MatdiffError], **more: object) -> None:
        super().__init__(several=tuple(several), **more)
        self.code, self.name = self.several[0].code, self.several[0].name

    @property
    def errors(self) -> tuple[MatdiffError, ...]:
        return self.several

    @property
    def exit_status(self) -> int:  # type: ignore[override]
        return max(error.exit_status for error in self.several)

    def about(self, source: str, declarations: Sequence[Any] = ()) -> None:
        """The same for each of the errors."""
        super().about(source, declarations)
        for error in self.several:
            error.about(self.source, self.declarations)


class WrongExpected(Errors):
    """The errors of an expected expression, `text`, which is their source."""

    def __init__(self, several: Sequence[MatdiffError], source: str, **more: object) -> None:
        super().__init__(several, **more)
        self.about(source)

    @property
    def text(self) -> str:
        return self.source


class Clash(MatdiffError):
    """Base of errors of sizes that do not fit.

    rigid     the declared size names that make the difference
    reasons   where undeclared variables in it got their sizes
    """

    rigid: tuple[str, ...] = ()
    reasons: tuple[SizeReason, ...] = ()


# E1xx: reading


class UnexpectedText(MatdiffError):
    """A token that cannot stand where it stands.  `after`: the token before it, or empty; `reason`: a key of report's table."""

    code, name = "E101", "unexpected-text"
    span: Span
    text: str
    after: str = ""
    reason: str = ""


class UnclosedBracket(MatdiffError):
    """`(`, `[` or `||` without its partner `closer`; `end` is where it was expected, `found` what stands there.

    missing   what closes this and all outer brackets
    """

    code, name = "E102", "unclosed-bracket"
    span: Span
    opener: str
    closer: str
    end: Span
    missing: str
    found: str = ""


class EndsEarly(MatdiffError):
    """The statement stops where a term is needed; `after` is the last token, empty for an empty text."""

    code, name = "E103", "ends-early"
    span: Span
    after: str


class ForeignOperator(MatdiffError):
    """An operator of another language.  `written` is its text; bars have a second span."""

    code, name = "E104", "foreign-operator"
    span: Span
    written: str
    partner: Span | None = None


class UnknownCommand(MatdiffError):
    """An unknown LaTeX command."""

    code, name = "E105", "unknown-command"
    span: Span
    command: str


class NeedsParentheses(MatdiffError):
    """A function name without `(`; `argument` is what looks like its argument, `inner` are such functions in it."""

    code, name = "E106", "needs-parentheses"
    span: Span
    function: str
    argument: Span | None = None
    inner: tuple[Span, ...] = ()


class GluedTranspose(MatdiffError):
    """`x^Ty`: the name after `^` starts with T.  `base` is the span of what it is a power of."""

    code, name = "E107", "glued-transpose"
    span: Span
    written: str
    base: Span


class LookAlikeLetter(MatdiffError):
    """A letter of another alphabet that looks like a Latin one."""

    code, name = "E108", "look-alike-letter"
    span: Span
    letter: str
    latin: str


class BadNumber(MatdiffError):
    """Digits that are no number: 1.2.3, 1e5e3, 0x10, 1_000, x.5; `meant` is the number that was meant, where that is known.

    problem  "points", "exponents", "base", "groups", or "factor" where a name or bracket is in front
    """

    code, name = "E109", "bad-number"
    span: Span
    written: str
    problem: str
    meant: str = ""


class UnreadCode(MatdiffError):
    """A place in code for NumPy that cannot be read; `why` in words."""

    code, name = "E111", "unread-code"
    span: Span
    why: str


class SeveralReadings(MatdiffError):
    """Code that means different things with different kinds of its names; `readings` are lines in our own notation."""

    code, name = "E112", "several-readings"
    span: Span
    readings: tuple[str, ...]


class FormsDiffer(MatdiffError):
    """`f = a = b` with forms that are not equal; `forms` are both in our own notation."""

    code, name = "E113", "forms-differ"
    span: Span
    other: Span
    forms: tuple[str, ...]


# E2xx: names and declarations


class UnknownFunction(MatdiffError):
    """`logdte(...)`: not a function and not a name; `names` are the variables and definitions it could have meant."""

    code, name = "E201", "unknown-function"
    span: Span
    function: str
    names: tuple[str, ...] = ()


class UnspecifiedFunction(MatdiffError):
    """`K(theta)` with a K that is nothing else: no product, but a function that is not specified."""

    code, name = "E210", "unspecified-function"
    span: Span
    function: str
    arguments: tuple[str, ...]


class IndexSum(MatdiffError):
    """A sum over an index that is not read.

    problem   "head", or of an index "value" where it stands as one, "unbound" by any sum, "range" if nothing tells it; "subscript" of x_{i+1};
              "position" of W[y_i,:];
              of an einsum "ellipsis", "letters", "operands" or "output"
    """

    code, name = "E110", "index-sum"
    span: Span
    written: str
    problem: str = "head"
    index: str = ""


class WrongArity(MatdiffError):
    """A function with the wrong number of arguments; `call` is the call."""

    code, name = "E202", "wrong-arity"
    span: Span
    function: str
    expected: int
    got: int
    call: Expr | None = None


class UnknownVariable(MatdiffError):
    """A variable of `--wrt` that does not occur.  `span` is that of a `wrt` suffix, if it was given there.

    Or, `expected`, a name of an expected expression, at `span`, that does not occur in the question.
    """

    code, name = "E203", "unknown-variable"
    exit_status = WRONG_USAGE
    variable: str
    names: tuple[str, ...]
    expr: Expr | None = None
    span: Span | None = None
    expected: bool = False


class ReservedName(MatdiffError):
    """A reserved word or a function declared or defined as a variable."""

    code, name = "E204", "reserved-name"
    span: Span
    reserved: str


class DeclaredTwice(MatdiffError):
    """Two declarations or definitions of one name; the texts are `n × k` or the defining expression.

    in_question  the first is that of the question, of which the text is an expected answer; there the first has no text if it is a
                 size, and the second has none if it is a definition
    """

    code, name = "E205", "declared-twice"
    variable: str
    first: Span | None
    second: Span
    first_text: str
    second_text: str
    in_question: bool = False


class DeclaredLate(MatdiffError):
    """A declaration behind an expression that uses its name."""

    code, name = "E208", "declared-late"
    variable: str
    used: Span
    span: Span


class BadDeclaration(MatdiffError):
    """A declaration that cannot be read.

    problem  a key of report's table
    found    the text at fault
    meant    the declaration that was meant, where it is known
    """

    code, name = "E206", "bad-declaration"
    span: Span
    problem: str
    found: str = ""
    meant: str = ""
    in_option: bool = False

    @property
    def exit_status(self) -> int:  # type: ignore[override]
        return WRONG_USAGE if self.in_option else WRONG_EXPRESSION


class CircularDefinition(MatdiffError):
    """Definitions that need each other: (name, the name it needs, span of that use), closing the circle."""

    code, name = "E207", "circular-definition"
    uses: tuple[tuple[str, str, Span], ...]


# E3xx: kinds and sizes


class Fix(Record):
    """A correction of an expression.

    what         what it is in words, empty where it speaks for itself
    target       the part of the expression to replace
    replacement  what to write there; brackets around it are the printer's business
    others       corrections of other parts of the expression that belong to it
    name         the name in the target that is split
    """

    __slots__ = ("name", "others", "replacement", "target", "what")

    def __init__(
        self, what: str, target: Expr, replacement: Expr, others: tuple[Fix, ...] = (), name: Expr | None = None
    ) -> None:
        self.what, self.target, self.replacement, self.others, self.name = what, target, replacement, others, name

    def __repr__(self) -> str:
        return f"Fix({self.what}: {self.target} -> {self.replacement})"


class SizeReason(Record):
    """Why an undeclared variable has its size: `variable` was given size `size` on axis `axis` at `span`."""

    __slots__ = ("axis", "size", "span", "variable")

    def __init__(self, variable: str, axis: int, size: str, span: Span | None) -> None:
        self.variable, self.axis, self.size, self.span = variable, axis, size, span

    def __repr__(self) -> str:
        return f"SizeReason({self.variable} axis {self.axis} is {self.size} at {self.span})"


class ProductSizes(Clash):
    """Two neighbouring factors whose inner sizes differ.  The factors carry their shapes."""

    code, name = "E301", "size-product"
    left: Expr
    right: Expr


class SumShapes(Clash):
    """Two terms of different shapes.  `subtracted`: the right one has a minus."""

    code, name = "E302", "size-sum"
    left: Expr
    right: Expr
    subtracted: bool = False


class ElementwiseShapes(Clash):
    """Operands of `.*`, `./`, `.^` or `:` of different shapes."""

    code, name = "E303", "size-elementwise"
    left: Expr
    right: Expr
    operator: str


class NotSquare(Clash):
    """A function or power of a matrix that must be square."""

    code, name = "E304", "not-square"
    function: str
    argument: Expr


class WrongKind(MatdiffError):
    """An argument of the wrong kind; `expected` is "scalar", "vector" or "matrix"."""

    code, name = "E305", "wrong-kind"
    function: str
    argument: Expr
    expected: str


class BlockSizes(Clash):
    """Two neighbouring blocks whose heights (`axis` 0) or widths (`axis` 1) differ."""

    code, name = "E306", "size-block"
    left: Expr
    right: Expr
    axis: int


class PowerKind(MatdiffError):
    """A power of a vector or a rectangular matrix, or a power that is not a scalar.  `culprit` is the operand at fault."""

    code, name = "E307", "power-kind"
    base: Expr
    exponent: Expr
    culprit: Expr


class DivisionKind(MatdiffError):
    """Division by a vector or matrix."""

    code, name = "E308", "division-kind"
    numerator: Expr
    denominator: Expr


class DivisionByZero(MatdiffError):
    """Division by zero, or a negative power of zero; `is_hidden` where it only turns out to be zero."""

    code, name = "E309", "division-by-zero"
    span: Span | None
    is_hidden: bool = False


class IndexRange(MatdiffError):
    """An index outside `1 ... size`."""

    code, name = "E310", "index-range"
    span: Span
    index: str
    size: Dim


class ArgumentSizes(Clash):
    """Two arguments of a function whose sizes do not fit, such as `dot(x, y)`."""

    code, name = "E311", "size-arguments"
    function: str
    left: Expr
    right: Expr
    span: Span | None = None


class UndecidedSizes(MatdiffError):
    """Two sizes such as `m n` and `p q` with unknown names: whether they can be equal is not decided; declaring a size helps."""

    code, name = "E312", "undecided-sizes"
    left: Dim
    right: Dim
    span: Span | None


class IndexSizes(MatdiffError):
    """An index of a sum, or two that a condition compares, `written` so, that runs over arrays of different sizes."""

    code, name = "E319", "index-sizes"
    written: str
    left: Dim
    right: Dim
    span: Span | None


class ArrayAxes(MatdiffError):
    """An array with more than two axes where a number, a vector or a matrix is needed."""

    code, name = "E320", "array-axes"
    array: Expr
    span: Span | None


class NoSize(MatdiffError):
    """Where a size or an index must stand: something that is no number, name, sum or product of these, or a size below 1."""

    code, name = "E314", "no-size"
    span: Span
    index: bool


class NoValue(MatdiffError):
    """A function, or a power with an exponent, of what is a constant at which it has no real value, such as log(0)."""

    code, name = "E315", "no-value"
    function: str
    value: Rational
    exponent: Rational | None = None
    span: Span | None = None


class Departure(MatdiffError):
    """What was asked to be read as it is spelled, and has to be read otherwise; `remark` says as what."""

    code, name = "E316", "departure"
    remark: Remark


class NotLifted(MatdiffError):
    """An operation on what depends on an index of a sum, which has no matrix notation; empty where the whole has none."""

    code, name = "E318", "not-lifted"
    span: Span | None
    operation: str


class NumberSummed(MatdiffError):
    """The sum or mean of a number, made of names that nobody declared; `names` may be vectors."""

    code, name = "E317", "number-summed"
    span: Span
    function: str
    argument: Expr
    names: tuple[str, ...]


class DefinitionShape(MatdiffError):
    """A definition whose value has another shape than the declaration of its name."""

    code, name = "E313", "definition-shape"
    variable: str
    definition: Expr
    declared: Shape


# E4xx: the derivative


class WhichVariable(MatdiffError):
    """No `--wrt` and several variables: (name, kind, shape)."""

    code, name = "E401", "which-variable"
    exit_status = WRONG_USAGE
    candidates: tuple[tuple[str, str, Shape], ...]


class BadDirection(MatdiffError):
    """A name that --hvp, --jvp or --vjp cannot take.

    problem   "output": --hvp wants a scalar, `found` is the shape | "count": as many names as there are variables `of`
              "shape": the name stands for a value of shape `found`, and the direction must have the shape `wanted` of `of`
    """

    code, name = "E402", "direction"
    exit_status = WRONG_USAGE
    kind: str
    problem: str
    names: tuple[str, ...] = ()
    of: tuple[str, ...] = ()
    found: Shape | None = None
    wanted: Shape | None = None


class TooManyAxes(MatdiffError):
    """The result would be a tensor of too high an order."""

    code, name = "E403", "too-many-axes"
    exit_status = NO_CLOSED_FORM
    axes: int
    limit: int
    order: int = 1


class NoClosedForm(MatdiffError):
    """A function whose derivative has no formula here."""

    code, name = "E404", "no-closed-form"
    exit_status = NO_CLOSED_FORM
    function: str
    span: Span | None = None


class NotSymmetric(MatdiffError):
    """A function of symmetric matrices at a matrix that is not symmetric."""

    code, name = "E407", "not-symmetric"
    exit_status = NO_CLOSED_FORM
    function: str
    argument: Expr


class NoSteps(MatdiffError):
    """`--steps` for a value, or for a derivative whose lower order has no matrix notation that could be differentiated again.

    `kind` is "hvp" where that was asked for.
    """

    code, name = "E406", "no-steps"
    exit_status = NO_CLOSED_FORM
    order: int
    kind: str | None = None


class TooLarge(MatdiffError):
    """A limit of `limits` is passed; `what` is a key of report's table of limits."""

    code, name = "E405", "too-large"
    exit_status = NO_CLOSED_FORM
    what: str
    limit: float
    span: Span | None = None


# E5xx: usage and files


class NotQuoted(MatdiffError):
    """Several positional arguments.

    option, value   the option behind which all but the first stand, and its value, None for a flag
    """

    code, name = "E501", "not-quoted"
    exit_status = WRONG_USAGE
    words: tuple[str, ...]
    option: str = ""
    value: str | None = None


class UnreadableFile(MatdiffError):
    """A file that cannot be read or written; `is_missing` where one to be read does not exist.

    formats   the formats of `--to`, of which one may be meant
    """

    code, name = "E502", "unreadable-file"
    exit_status = WRONG_USAGE
    path: str
    why: str
    is_missing: bool = False
    formats: tuple[str, ...] = ()


class NotAName(MatdiffError):
    """`--wrt` and its like take the name of a variable."""

    code, name = "E504", "not-a-name"
    exit_status = WRONG_USAGE
    text: str
    names: tuple[str, ...] = ()
    option: str = "--wrt"


class WrongOption(MatdiffError):
    """A value that an option does not take, an option that there is not, or options of which one would say nothing.

    problem  "value": an option takes something else, `takes` in words, than `found`; `choices` are the values, if they can be listed
             "unknown": there is no such option; `choices` are those that there are
             "one": only one of them at a time | "questions": they are two questions
             "format": it says nothing in the format `found`, only in `choices`
             "needs": it says nothing without one of `choices`
    options  as they are written: `--layout` or, in Python, `layout`
    """

    code, name = "E505", "wrong-option"
    exit_status = WRONG_USAGE
    problem: str
    options: tuple[str, ...]
    found: str = ""
    takes: str = ""
    choices: tuple[str, ...] = ()


class HowManyExpected(MatdiffError):
    """`--expect` given another number of times than there are results; `results` are the variables of each."""

    code, name = "E507", "how-many-expected"
    exit_status = WRONG_USAGE
    given: int
    results: tuple[tuple[str, ...], ...]


class NotASize(MatdiffError):
    """A size is chosen that does not occur, as `--size` does, or one that cannot be this number.

    names   those that occur
    least   what it must be at least, because of an index such as 7 in x[7] or a size such as n - 1
    """

    code, name = "E508", "not-a-size"
    exit_status = WRONG_USAGE
    text: str
    number: object
    names: tuple[str, ...]
    least: int | None = None


class UnknownTopic(MatdiffError):
    """`--explain` with a topic that has no page; `meant` is the closest one, `topics` are all."""

    code, name = "E506", "unknown-topic"
    exit_status = WRONG_USAGE
    topic: str
    meant: str | None
    topics: tuple[str, ...]


# W6xx: remarks


class SoftKind(Remark):
    """An undeclared name read as another kind than its spelling suggests: "vector", "scalar" or "matrix", of a size as it is declared."""

    code, name, severity = "W601", "soft-kind", "note"
    departs = True
    span: Span
    variable: str
    kind: str
    size: str = ""


class MarkRead(Remark):
    """A power or product of vectors read as what fits; `way` is that of `search.Mark`, and `fix` writes it so."""

    code, name, severity = "W616", "mark-read", "note"
    departs = True
    span: Span
    way: str
    fix: Fix


class SumRead(Remark):
    """Sums over an index read in matrices.

    members   for each array with indices a member as it is written, and what it is: ("x_i", "row i", "x")
    by        members by which was to be differentiated, what they are of their family, and that, ("u_k", "row k", "u")
    is_by_whole   whether by the whole family is differentiated, as for a Hessian
    sets      the entries of arrays that are 1 for the members of a set, and what these are: ("S_i", "i in S")
    held      the letters that stand as indices where no sum binds them, and are positions
    apart     names like those of members that no sum binds, which stay names of their own
    output    what the value is called
    """

    code, name, severity = "W620", "sum-read", "note"
    span: Span | None
    read: Expr
    definitions: tuple[tuple[str, Expr], ...]
    members: tuple[tuple[str, str, str], ...]
    by: tuple[tuple[str, str, str], ...] = ()
    is_by_whole: bool = False
    sets: tuple[tuple[str, str], ...] = ()
    held: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    output: str = ""


class NotationRead(Remark):
    """Notation beside the plain language; `meant` is what it is read as, in words or in the language."""

    code, name, severity = "W617", "notation-read", "note"
    departs = True
    span: Span
    meant: str


class GroupedProduct(Remark):
    """`A .* B C`, which is A .* (B C), may be meant as (A .* B) C, which fits too; `fix` writes it so."""

    code, name = "W618", "grouped-product"
    span: Span
    product: Span
    fix: Fix


class GluedNames(Remark):
    """Undeclared names of several letters that are products, `Ax`, or perhaps are; `fix` splits all of them, `split` says it was done."""

    code, name = "W611", "glued-names"
    span: Span
    variable: str
    fix: Fix
    split: bool = True

    @property
    def departs(self) -> bool:  # type: ignore[override]
        return self.split


class ForcedSquare(Remark):
    """Two invented sizes of one variable became equal; each use is (span, what it matches there)."""

    code, name = "W602", "forced-square"
    variable: str
    size: str
    columns: tuple[Span, str] | None = None
    rows: tuple[Span, str] | None = None


class DecimalOrElementwise(Remark):
    """`2.*x`; `span` is the operator, `start` where the number starts, `end` where the operand ends."""

    code, name = "W603", "decimal-or-elementwise"
    span: Span
    start: int
    end: int
    operator: str


class DivisionThenProduct(Remark):
    """`a / b c`; `division` is the span of `a / b`, `end` where the product ends."""

    code, name = "W604", "division-then-product"
    division: Span
    numerator: Span
    denominator: Span
    product: Span


class EntrywiseFunction(Remark):
    """`exp`, `log`, `sqrt`... of a square matrix acts on the entries; `matrix_function` is the other one."""

    code, name, severity = "W605", "entrywise-function", "note"
    span: Span
    function: str
    argument: Span | None = None
    matrix_function: str = ""


class EveryVariable(Remark):
    """`all` where a variable is called so: it means every variable; `names` are these."""

    code, name = "W615", "every-variable"
    names: tuple[str, ...]
    span: Span | None = None


class NotSmooth(Remark):
    """A function without a derivative at some points; `at` and `used` are the words of its row."""

    code, name, severity = "W606", "not-smooth", "note"
    span: Span
    function: str
    at: str
    used: str


class ScalarPlusSquare(Remark):
    """A scalar added to a square matrix acts on every entry; `+ c I` may have been meant."""

    code, name = "W607", "scalar-plus-square"
    scalar: Span
    matrix: Span


class ScalarPlusVector(Remark):
    """An undeclared name taken as a scalar by its spelling and added to every entry of a vector of size `size`."""

    code, name, severity = "W612", "scalar-plus-vector", "note"
    scalar: Span
    vector: Span
    variable: str
    size: str


class OperatorForm(Remark):
    """A result that names the derivative of a matrix function, `operator`; `meaning` are the words of its row."""

    code, name, severity = "W608", "operator-form", "note"
    operator: str
    function: str
    meaning: str
    span: Span | None = None


class OwnSpace(Remark):
    """A derivative by a structured variable; `structure` is the convention: "project", "ignore" or "entries".

    `is_covariant` where it is a second one and the space in which the variable moves depends on its value.
    """

    code, name, severity = "W609", "own-space", "note"
    variable: str
    property: str
    structure: str
    is_covariant: bool = False


class OtherNotation(Remark):
    """A result that cannot be written in the notation asked for."""

    code, name, severity = "W610", "other-notation", "note"
    wanted: str
    used: str


class WordAsFactor(Remark):
    """`sigma(x)` or `min_x f`, read as a product; `meant` is what to write instead of the word, None where it is not known."""

    code, name = "W614", "word-as-factor"
    span: Span
    word: str
    meant: str | None


class NumberAsFactor(Remark):
    """`1 2` or `x(1)`, read as a product; `entry` is the name of which the number may be the index, or nothing."""

    code, name = "W613", "number-as-factor"
    span: Span
    entry: str


class ReadAs(Remark):
    """A text in another notation: `read` is what it is in our own, `by` the variables that it names.

    kinds   of the names whose spelling does not say them
    against   the names of those that have another kind than their spelling says in that notation, too
    """

    code, name, severity = "W619", "read-as", "note"
    span: Span
    read: str
    by: tuple[str, ...] = ()
    kinds: tuple[tuple[str, str], ...] = ()
    against: tuple[str, ...] = ()

    @property
    def departs(self) -> bool:  # type: ignore[override]
        return bool(self.against)
