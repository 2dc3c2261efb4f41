"""What `import matdiff` gives: `differentiate`, and `Derivative`, the face of an `Answer`.

Only the modules of what is asked for are loaded.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from math import inf, isnan
from typing import TYPE_CHECKING, Union, overload

from matdiff import choices, pipeline
from matdiff.answer.answer import Answer, Inputs
from matdiff.answer.result import Result
from matdiff.derive.asked import Asked
from matdiff.derive.directions import KINDS, Along
from matdiff.formats import registry
from matdiff.infer.variables import declare, kinds_declared
from matdiff.language.errors import EndsEarly, Errors, MatdiffError, NotAName, Remark, TooLarge, WrongOption, speak_with
from matdiff.language.queries import post_order
from matdiff.language.syntax import Span
from matdiff.limits import ERRORS, TIME, within
from matdiff.read.parse import Declaration, Definition, Question, parse_declaration
from matdiff.read.syntaxes import read
from matdiff.tensor.nodes import Tensor

if TYPE_CHECKING:
    from matdiff.check.expect import Verdict
    from matdiff.check.prove import Proof
    from matdiff.check.verify import Report
    from matdiff.steps.derivation import Derivation


Names = Union[str, Sequence[str]]


def _in_words(problem: MatdiffError | Remark) -> str:
    """What the command prints about an error or a remark; its fields, where the text is not known that they are about."""
    from matdiff.language.relocate import spans_of
    from matdiff.mistakes.diagnostic import render as drawn
    from matdiff.mistakes.words import in_words  # words are needed only when something is wrong

    problems: Sequence[MatdiffError | Remark] = problem.errors[:ERRORS] if isinstance(problem, MatdiffError) else (problem,)
    if not problem.source and any(span.end for one in problems for span in spans_of(one)):
        return "\n".join(one.bare for one in problems)
    found = in_words(problems, problem.source, problem.declarations)
    return "\n".join(drawn(diagnostic, problem.source) for diagnostic in found)


speak_with(_in_words)


class Derivative(Answer):
    """The answer to one question: what `Answer` holds, and what can be done with it."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(
            answer.inputs, answer.asked, answer.typed, answer.session, answer.output,
            answer.wrt, answer.introduced, answer.results, answer.remarks,
        )  # fmt: skip

    def _about(self) -> AbstractContextManager[None]:
        """Errors know the text of the question."""
        return about(self.inputs.source, self.inputs.declarations)

    def to(
        self,
        format: str,
        *,
        lhs: bool | None = None,
        math: str = "none",
        style: Mapping[str, str] | None = None,
        sizes: Mapping[str, int] | None = None,
        **others: object,
    ) -> str:
        """The answer in one of the formats of `--to`, such as "latex", "json" or "numpy".

        The options are those of the command: `lhs` writes the left side too, or, False, code without its functions; `math` is what
        stands around LaTeX and `style` its spellings, {"bold": "no", "transpose": "T"}; `sizes` decide the order of products in code.
        Raises `errors.WrongOption`, also for what says nothing in the format.
        """
        for name in others:
            raise WrongOption(problem="unknown", options=(name,), choices=("lhs", "math", "style", "sizes"))
        choices.check_format(format, lhs, math, style or {}, sizes or {})
        with self._about():
            return registry.render(self, format, lhs=lhs, math=math, style=style, sizes=self.fixed_sizes(sizes))

    def in_notation(self, notation: str) -> Derivative:
        """The same answer with its results in another notation: one of `notations.CHOICES`.

        "auto" is sums of members for what was asked with sums over an index, else matrix notation where there is one, else index
        notation.  "all" gives every result in each of its notations.
        Where a result has no such notation it comes in the next best, and `remarks` say so.  Raises `errors.WrongOption`.
        """
        choices.check("notation", notation)
        from matdiff.notations.notate import in_notation

        return Derivative(in_notation(self, notation))

    def verify(self, seed: int = 0, sizes: Mapping[str, int] | None = None) -> Report:
        """Compare every result with numerical differences of the input at random points; see `check.verify.Report`.

        `sizes` fixes sizes by name, here and in what else compares.  Raises `errors.NotASize` for a name that does not occur.
        """
        from matdiff.check.verify import verify  # loads mpmath, which only numbers need

        choices.check("seed", seed)
        choices.check_sizes(sizes or {}, "verified")
        with self._about():
            return verify(self, seed=seed, sizes=sizes)

    def steps(self, method: str | None = None) -> list[Derivation]:
        """How every result comes about: "differential", "chain" or "index"; None takes chain where there are definitions.

        Raises `errors.NoSteps` where there is nothing to derive, or the way there has no matrix notation; `errors.WrongOption`.
        """
        from matdiff.steps.derivations import derivations

        if method is not None:
            choices.check("method", method)
        with self._about():
            return derivations(self, method)

    @overload
    def expect(self, expected: str, seed: int = 0, sizes: Mapping[str, int] | None = None) -> Verdict: ...

    @overload
    def expect(
        self, expected: list[str] | tuple[str, ...], seed: int = 0, sizes: Mapping[str, int] | None = None
    ) -> tuple[Verdict, ...]: ...

    def expect(
        self, expected: str | list[str] | tuple[str, ...], seed: int = 0, sizes: Mapping[str, int] | None = None
    ) -> Verdict | tuple[Verdict, ...]:
        """Whether the result equals another expression, and how they differ; see `expect.Verdict`.

        Where there are several results, one expression for each of them, in order.  Raises `WrongExpected` for an
        expression that is wrong in itself, `HowManyExpected` for a wrong number of them.
        """
        from matdiff.check.expect import compare_all  # loads mpmath, which only numbers need

        choices.check("seed", seed)
        choices.check_sizes(sizes or {})
        several = (expected,) if isinstance(expected, str) else tuple(expected)
        with self._about():
            verdicts = compare_all(self, several, seed, sizes)
        return verdicts[0] if isinstance(expected, str) else verdicts

    def prove(self, sizes: Mapping[str, int] | None = None, progress: Callable[[int, int], None] | None = None) -> Proof:
        """Show exactly, at small sizes, that every result is the derivative of the input; see `prove.Proof`.

        `progress` is called with the number of components that are done and that of all.
        """
        from matdiff.check.prove import prove  # loads SymPy, which only proofs need

        choices.check_sizes(sizes or {})
        with self._about():
            return prove(self, sizes, progress)

    @property
    def result(self) -> Result:
        """The first result, which often is the only one."""
        return self.results[0]

    @property
    def text(self) -> str:
        """Every result on a line of its own, readable by matdiff."""
        return "\n".join(result.line for result in self.results)

    @property
    def unicode(self) -> str:
        """Every result on a line of its own, as a terminal shows it."""
        from matdiff.formats.unicode import unicode  # a pipe gets plain text

        return "\n".join(unicode(result.expr) for result in self.results)

    @property
    def latex(self) -> str:
        """Every result on a line of its own, in LaTeX without `$`."""
        return "\n".join(self._formulas())

    def _formulas(self) -> list[str]:
        from matdiff.formats.latex import latex

        return [latex(result.expr) for result in self.results]

    @property
    def shape(self) -> tuple[str, ...]:
        """The sizes of the axes of the first result."""
        return tuple(map(str, self.result.shape))

    @property
    def tensor(self) -> Tensor:
        """The first result in index form."""
        return self.result.tensor

    def __repr__(self) -> str:
        return f"<Derivative {self.text!r}>"

    def __str__(self) -> str:
        return self.text

    def _repr_latex_(self) -> str:
        return "\n".join(rf"$\displaystyle {formula}$" for formula in self._formulas())


def differentiate(
    source: str | Callable[..., object],
    wrt: str | Sequence[str] | None = None,
    *,
    order: int = 1,
    declarations: str | Iterable[str] = (),
    syntax: str = "auto",
    structure: str = "project",
    layout: str = "gradient",
    hvp: str | Sequence[str] = (),
    jvp: str | Sequence[str] = (),
    vjp: str | Sequence[str] = (),
    strict: bool = False,
    timeout: float | None = TIME,
) -> Derivative:
    """The derivative of the last expression in `source`, a matdiff text that may declare and define names before it.

    Or that of the value of a Python function that calculates with NumPy, JAX or PyTorch: its source is read, and nothing is run.
    `wrt` is a variable or several; None takes the only one there is.  `declarations` are texts such as "W: m x n".
    `syntax` is what the source is written in, one of `syntaxes.SYNTAXES`; "auto" tells by its marks.
    `hvp`, `jvp` and `vjp`, of which one may be given, name directions to which the Hessian or the Jacobian is applied.
    `strict` takes everything as it is spelled: where a name or a mark has to be read otherwise, that is an error.
    After `timeout` seconds it gives up with `errors.TooLarge`; None is no limit.
    Raises a `MatdiffError`, which prints what the command prints, for input that is wrong and for arguments that the command would
    refuse; where several things are wrong at once it is an `Errors`, which holds them all.
    """
    for name, value in (("order", order), ("structure", structure), ("layout", layout), ("syntax", syntax)):
        choices.check(name, value)
    along, allowed = direction((hvp, jvp, vjp), order), seconds(timeout)
    if not isinstance(source, str):
        source, syntax = source_of(source), "numpy"
    asked = Asked(listed(wrt), order, structure, layout, along, strict)
    with within(inf if allowed is None else allowed):
        known: list[Declaration] = []
        for text in [declarations] if isinstance(declarations, str) else declarations:
            with about(text):
                known += parse_declaration(text)
                declare(known)
        with about(source, known):
            inputs = _read(source, syntax, known)
            try:
                answer = Derivative(pipeline.solve(inputs, asked))
                if answer.typed.indices is not None:
                    answer = answer.in_notation("auto")
            except NotAName as problem:
                problem.names = names_in([inputs.question]) if problem.option == "--wrt" else ()
                raise
    answer.remarks[:0] = [remark for part in inputs.definitions for remark in part.remarks] + list(inputs.question.remarks)
    for remark in answer.remarks:
        remark.about(source, known)
    return answer


def source_of(function: Callable[..., object]) -> str:
    """The text of a function, which ends with its name or is the `lambda` alone.  Raises WrongOption where it is not to be had."""
    from matdiff.read.numpy.source import source_of as text_of  # needed only for functions

    text = text_of(function)
    if text is None:
        takes = "takes a text, or a function whose source can be found: one of a file, with one lambda in its line"
        raise WrongOption(problem="value", options=("source",), found=getattr(function, "__name__", repr(function)), takes=takes)
    return text


def _read(source: str, syntax: str, known: Sequence[Declaration]) -> Inputs:
    """The last question of a text, and all that is declared and defined for it."""
    reading = read(source, syntax, known=kinds_declared(known))
    if reading.failed:
        raise Errors([error for _, errors in reading.failed for error in errors])
    statements = reading.statements
    questions = [statement for statement in statements if isinstance(statement, Question)]
    if not questions:
        raise EndsEarly(span=Span(len(source), len(source)), after="")
    declared = [*known, *(statement for statement in statements if isinstance(statement, Declaration))]
    return Inputs(source, questions[-1], declared, [statement for statement in statements if isinstance(statement, Definition)])


# What Python gives as arguments, checked by the rules of the command


def listed(names: Names | None) -> tuple[str, ...]:
    """The names in one or several texts, in which commas part them."""
    texts = (names,) if isinstance(names, str) else tuple(names or ())
    return tuple(name.strip() for text in texts for name in text.split(",") if name.strip())


def names_in(questions: Iterable[Question]) -> tuple[str, ...]:
    """The names in the expressions."""
    parts = [part for question in questions for part in post_order(question.expr)]
    return tuple(dict.fromkeys(str(part.value) for part in parts if part.op == "name"))


def direction(given: Sequence[Names], order: int) -> Along | None:
    """The one of hvp, jvp and vjp that is given.  Raises WrongOption."""
    asked = [(kind, names) for kind, names in zip(KINDS, given) if names]
    choices.one_at_a_time([*(kind for kind, _ in asked), *([f"order={order}"] if asked and order != 1 else [])])
    return Along(asked[0][0], listed(asked[0][1])) if asked else None


def seconds(timeout: float | None) -> float | None:
    """The time that is allowed.  Raises WrongOption."""
    if timeout is not None and (isnan(timeout) or timeout < 0):
        takes = "takes a number of seconds from 0 on"
        raise WrongOption(problem="value", options=("timeout",), found=str(timeout), takes=takes)
    return timeout


@contextmanager
def about(source: str, declarations: Sequence[Declaration] = ()) -> Iterator[None]:
    """Errors that leave the block know their text, so that they print what the command prints.

    One of several stands alone.  Where Python has no room for an answer, that is a limit too.
    """
    try:
        yield
    except MatdiffError as problem:
        problem.about(source, declarations)
        if type(problem) is Errors and len(problem.errors) == 1:
            raise problem.errors[0] from None
        raise
    except (RecursionError, MemoryError):
        raise TooLarge(what="stack", limit=sys.getrecursionlimit(), source=source) from None
