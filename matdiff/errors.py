"""Every mistake matdiff can tell a user about, as data: one class per kind, with the spans and shapes in named fields.

There is no wording here; `report` turns a mistake into words and carets.  The code and the name are stable (`--explain E301`,
JSON); E1xx reading, E2xx names and declarations, E3xx kinds and sizes, E4xx derivatives, E5xx usage, W6xx remarks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matdiff.dims import Dim, Shape
    from matdiff.syntax import Expr, Span

WRONG_USAGE = 2
WRONG_EXPRESSION = 3
NO_CLOSED_FORM = 4


class _Fields:
    """Keyword arguments become attributes; the annotations of the class are the fields, a value there is the default."""

    code = ""
    name = ""

    def __init__(self, **fields: object) -> None:
        super().__init__()
        declared = self.__class__.__annotations__
        for field in fields:
            if field not in declared:
                raise TypeError(f"{self.__class__.__name__} has no field {field}")
        for field in declared:
            if field not in fields and not hasattr(self.__class__, field):
                raise TypeError(f"{self.__class__.__name__} needs the field {field}")
        self.__dict__.update(fields)

    def __str__(self) -> str:
        fields = ", ".join(f"{field}={getattr(self, field)!r}" for field in self.__class__.__annotations__)
        return f"{self.code} {self.name}: {fields}"


class MatdiffError(_Fields, Exception):
    """Base of every error a user can cause; `exit_status` is that of the command.

    scalars  undeclared names with which, as scalars, the whole statement fits
    split    the correction, if it fits, that splits the names that are written together
    """

    severity = "error"
    exit_status = WRONG_EXPRESSION
    scalars: Sequence[str] = ()
    split: Fix | None = None


class Remark(_Fields):
    """Base of what is worth saying although the input is accepted."""

    severity = "warning"


class Errors(Exception):
    """The independent errors of one statement or text, in the order of the text.  `exit_status` is the largest."""

    def __init__(self, errors: Sequence[MatdiffError]) -> None:
        super().__init__(f"{len(errors)} errors")
        self.errors = tuple(errors)

    @property
    def exit_status(self) -> int:
        return max(error.exit_status for error in self.errors)

    def __str__(self) -> str:
        return "; ".join(map(str, self.errors))


class WrongExpected(Errors):
    """The errors of an expected expression; their spans count the code points of `text`."""

    def __init__(self, errors: Sequence[MatdiffError], text: str) -> None:
        super().__init__(errors)
        self.text = text


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


# E2xx: names and declarations


class UnknownFunction(MatdiffError):
    """`logdte(...)`: not a function and not a name; `names` are the variables and definitions it could have meant."""

    code, name = "E201", "unknown-function"
    span: Span
    function: str
    names: tuple[str, ...] = ()


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
    fixes: tuple[Fix, ...] = ()
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


class Fix:
    """A correction that was tried: with it the whole statement has consistent sizes.

    what         a key of report's table: "transpose", "no-transpose", "inner", "outer", "elementwise", "split-name", "brackets",
                 "exchange", "gram", "pinv", "inverse", "ones-row", "ones-column", "ones", "linear", "diag", "product"
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


class SizeReason:
    """Why an undeclared variable has its size: `variable` was given size `size` on axis `axis` at `span`."""

    __slots__ = ("axis", "size", "span", "variable")

    def __init__(self, variable: str, axis: int, size: str, span: Span | None) -> None:
        self.variable, self.axis, self.size, self.span = variable, axis, size, span

    def __repr__(self) -> str:
        return f"SizeReason({self.variable} axis {self.axis} is {self.size} at {self.span})"


class ProductSizes(MatdiffError):
    """Two neighbouring factors whose inner sizes differ.  The factors carry their shapes.

    fixes     the corrections that were tried and fit
    rigid     the declared size names that make the difference
    reasons   where undeclared variables in it got their sizes
    """

    code, name = "E301", "size-product"
    left: Expr
    right: Expr
    fixes: tuple[Fix, ...] = ()
    rigid: tuple[str, ...] = ()
    reasons: tuple[SizeReason, ...] = ()


class SumShapes(MatdiffError):
    """Two terms of different shapes.  `subtracted`: the right one has a minus."""

    code, name = "E302", "size-sum"
    left: Expr
    right: Expr
    subtracted: bool = False
    fixes: tuple[Fix, ...] = ()
    rigid: tuple[str, ...] = ()
    reasons: tuple[SizeReason, ...] = ()


class ElementwiseShapes(MatdiffError):
    """Operands of `.*`, `./`, `.^` or `:` of different shapes."""

    code, name = "E303", "size-elementwise"
    left: Expr
    right: Expr
    operator: str
    fixes: tuple[Fix, ...] = ()
    rigid: tuple[str, ...] = ()
    reasons: tuple[SizeReason, ...] = ()


class NotSquare(MatdiffError):
    """A function or power of a matrix that must be square."""

    code, name = "E304", "not-square"
    function: str
    argument: Expr
    fixes: tuple[Fix, ...] = ()
    reasons: tuple[SizeReason, ...] = ()


class WrongKind(MatdiffError):
    """An argument of the wrong kind; `expected` is "scalar", "vector" or "matrix"."""

    code, name = "E305", "wrong-kind"
    function: str
    argument: Expr
    expected: str


class BlockSizes(MatdiffError):
    """Two neighbouring blocks whose heights (`axis` 0) or widths (`axis` 1) differ."""

    code, name = "E306", "size-block"
    left: Expr
    right: Expr
    axis: int
    rigid: tuple[str, ...] = ()
    reasons: tuple[SizeReason, ...] = ()


class PowerKind(MatdiffError):
    """A power of a vector or a rectangular matrix, or a power that is not a scalar.  `culprit` is the operand at fault."""

    code, name = "E307", "power-kind"
    base: Expr
    exponent: Expr
    culprit: Expr
    fixes: tuple[Fix, ...] = ()


class DivisionKind(MatdiffError):
    """Division by a vector or matrix."""

    code, name = "E308", "division-kind"
    numerator: Expr
    denominator: Expr
    fixes: tuple[Fix, ...] = ()


class DivisionByZero(MatdiffError):
    """Division by the number zero."""

    code, name = "E309", "division-by-zero"
    span: Span


class IndexRange(MatdiffError):
    """An index outside `1 ... size`."""

    code, name = "E310", "index-range"
    span: Span
    index: str
    size: Dim


class ArgumentSizes(MatdiffError):
    """Two arguments of a function whose sizes do not fit, such as `dot(x, y)`."""

    code, name = "E311", "size-arguments"
    function: str
    left: Expr
    right: Expr
    span: Span | None = None
    rigid: tuple[str, ...] = ()
    reasons: tuple[SizeReason, ...] = ()


class UndecidedSizes(MatdiffError):
    """Two sizes such as `m n` and `p q` with unknown names: whether they can be equal is not decided; declaring a size helps."""

    code, name = "E312", "undecided-sizes"
    left: Dim
    right: Dim
    span: Span | None


class NoSize(MatdiffError):
    """Where a size or an index must stand: something that is no number, name, sum or product of these, or a size below 1."""

    code, name = "E314", "no-size"
    span: Span
    index: bool


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
    """A file that cannot be read or written; `is_missing` where one to be read does not exist."""

    code, name = "E502", "unreadable-file"
    exit_status = WRONG_USAGE
    path: str
    why: str
    is_missing: bool = False


class NotAName(MatdiffError):
    """`--wrt` and its like take the name of a variable."""

    code, name = "E504", "not-a-name"
    exit_status = WRONG_USAGE
    text: str
    names: tuple[str, ...] = ()
    option: str = "--wrt"


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
    """An undeclared name read as another kind than its spelling suggests; `kind` is "vector" or "scalar"."""

    code, name, severity = "W601", "soft-kind", "note"
    span: Span
    variable: str
    kind: str
    size: str = ""


class GluedNames(Remark):
    """Undeclared names of several letters that are perhaps products, `Ax`; `fix` splits all of them."""

    code, name = "W611", "glued-names"
    span: Span
    variable: str
    fix: Fix


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
    """A derivative by a structured variable; `structure` is the convention: "project", "ignore" or "entries"."""

    code, name, severity = "W609", "own-space", "note"
    variable: str
    property: str
    structure: str


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
