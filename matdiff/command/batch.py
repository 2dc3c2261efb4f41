"""Reads statements, answers the questions among them in order, and writes every answer and every mistake where it belongs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matdiff import pipeline
from matdiff.answer.answer import Inputs
from matdiff.api import Derivative, names_in
from matdiff.command.sources import Excerpt, Source, joined
from matdiff.command.streams import Output, Progress, complain, uses_color
from matdiff.derive.asked import Asked
from matdiff.derive.directions import Along
from matdiff.formats import registry
from matdiff.formats.registry import Check
from matdiff.infer.variables import declare, kinds_declared
from matdiff.language.errors import EndsEarly, MatdiffError, NotAName, NotASize, Remark, TooLarge, WrongExpected
from matdiff.language.relocate import spans_of
from matdiff.language.statements import Declaration, Definition, Question, Reading
from matdiff.language.syntax import Span
from matdiff.limits import ERRORS, within
from matdiff.read.parse import parse_declaration
from matdiff.read.syntaxes import name_in, read

if TYPE_CHECKING:
    from matdiff.mistakes.words import Diagnostic
    from matdiff.steps.derivation import Derivation

CHECK_FAILED = 1


class Options:
    """What the user asked for; the names are those of the options of the command, and each has a value."""

    wrt: tuple[str, ...]
    order: int
    along: tuple[str, tuple[str, ...]] | None
    layout: str
    structure: str
    declarations: tuple[str, ...]
    syntax: str
    strict: bool
    format: str
    lhs: bool | None
    math: str
    style: dict[str, str]
    color: str
    quiet: bool
    shapes: bool
    verify: bool
    notation: str
    steps: bool
    method: str | None
    prove: bool
    expected: tuple[str, ...]
    sizes: dict[str, int]
    seed: int
    timeout: float

    def __init__(self, chosen: Mapping[str, Any]) -> None:
        for name in Options.__annotations__:
            setattr(self, name, chosen[name])


class _Refused(Exception):
    """What is wrong has been told already."""


class Batch:
    """Answers all questions of some sources; `status` is the largest exit status met."""

    def __init__(self, sources: Sequence[Source], options: Options, output: Output) -> None:
        self.sources, self.options, self.output = sources, options, output
        self.text = joined(sources)
        self.status = 0
        # In one argument a question may rest on the definition that is wrong; lines of a file stand for themselves.
        self.is_batch = any(source.kind != "argument" for source in sources)
        self.wrt: tuple[str, ...] = ()
        self.along: Along | None = None
        self.numbers: dict[int, int] = {}
        self.declarations: list[Declaration] = []
        self.definitions: list[Definition] = []
        # Remarks on a definition are made once, with the first answer.
        self.remarks: list[Remark] = []
        # Of a format in which all answers are one document: their parts, and what is said about them after it.
        self.parts: list[Sequence[str]] = []
        self.comments: list[tuple[Derivative, Derivative, Sequence[Remark], Sequence[Check]]] = []

    def run(self) -> int:
        """Every statement in turn; a bad one does not stop the others."""
        if not self._read_options():
            return self.status
        with within(self.options.timeout):
            reading = self._read()
        if reading.failed and not self.is_batch:
            self._refuse(list(dict.fromkeys(error for _, errors in reading.failed for error in errors)))
            return self.status
        if not self._knows_sizes(reading.statements):
            return self.status
        questions = [statement for statement in reading.statements if isinstance(statement, Question)]
        self.numbers = {id(one): place for place, one in enumerate(questions, 1)} if len(questions) > 1 else {}
        for place in range(len(reading.statements) + 1):
            for errors in (errors for after, errors in reading.failed if after == place):
                self._refuse(errors)
            if place < len(reading.statements):
                self._take(reading.statements[place], alone=len(reading.statements) == 1)
        if self.parts:
            self.output.write(registry.together(self.parts, self.options.format, lhs=self.options.lhs))
        for derivative, compared, remarks, checks in self.comments:
            self._comment(derivative, compared, remarks, checks)
        if not reading.failed and not any(isinstance(statement, Question) for statement in reading.statements):
            self._refuse([EndsEarly(span=Span(len(self.text), len(self.text)), after="")])
        return self.status

    def _read(self) -> Reading:
        return read(self.text, self.options.syntax, known=kinds_declared(self.declarations))

    def _take(self, statement: Declaration | Definition | Question, alone: bool) -> None:
        if isinstance(statement, Declaration):
            self.declarations.append(statement)
        elif isinstance(statement, Definition):
            self.definitions.append(statement)
            self.remarks += statement.remarks
        else:
            self._answer(statement, alone)

    # Options that are texts of the language

    def _read_options(self) -> bool:
        """--var and --wrt; whether they are good."""
        for text in self.options.declarations:
            try:
                declarations = [*self.declarations, *parse_declaration(text)]
                declare(declarations)
            except MatdiffError as problem:
                self._refuse(problem.errors, source=Source(text, "argument"))
            else:
                self.declarations = declarations
        names = [(text, name_in(text)) for text in self.options.wrt]
        self.wrt = tuple(name for _, name in names if name is not None)
        if self.options.along is not None:
            kind, texts = self.options.along
            directions = [(text, name_in(text)) for text in texts]
            self.along = Along(kind, tuple(name for _, name in directions if name is not None))
            for text, name in directions:
                if name is None:
                    self._refuse([NotAName(text=text, option=f"--{kind}")])
        for text, name in names:
            if name is None and not self._read().failed:
                questions = [statement for statement in self._read().statements if isinstance(statement, Question)]
                self._refuse([NotAName(text=text, names=names_in(questions))])
        return not self.status

    def _knows_sizes(self, statements: Sequence[Declaration | Definition | Question]) -> bool:
        """Whether every size that is chosen occurs in a question; where a question is wrong, that will be told and not this."""
        if not self.options.sizes:
            return True
        declarations, definitions, names = list(self.declarations), list[Definition](), dict[str, None]()
        for statement in statements:
            if isinstance(statement, Declaration):
                declarations.append(statement)
            elif isinstance(statement, Definition):
                definitions.append(statement)
            else:
                try:
                    with within(self.options.timeout):
                        inputs = Inputs(self.text, statement, declarations, definitions)
                        typed = pipeline.infer_question(inputs, Asked(tuple(statement.wrt or self.wrt)).of_families(inputs.exprs))
                except (MatdiffError, RecursionError, MemoryError):
                    return True
                names.update(dict.fromkeys(typed.number_names()))
        strange = [(name, number) for name, number in self.options.sizes.items() if name not in names]
        if strange:
            self._refuse([NotASize(text=name, number=number, names=tuple(names)) for name, number in strange])
        return not strange

    # Answers

    def _answer(self, question: Question, alone: bool) -> None:
        with within(self.options.timeout):
            self._answer_in_time(question, alone)

    @property
    def _asked(self) -> Asked:
        options = self.options
        if options.shapes:
            return Asked(self.wrt, 0, options.structure, options.layout, strict=options.strict)
        return Asked(self.wrt, options.order, options.structure, options.layout, self.along, options.strict)

    def _answer_in_time(self, question: Question, alone: bool) -> None:
        options = self.options
        excerpt = Excerpt(self._source(question.span), [question.span])
        try:
            inputs = Inputs(excerpt.text, question, self.declarations, self.definitions)
            derivative = Derivative(pipeline.solve(inputs, self._asked))
            is_written = options.format in registry.WRITTEN
            is_notated = is_written or bool(options.expected or question.expected)
            # A derivation ends with the result as it is in matrices.
            is_plain = options.steps and options.notation == "auto"
            notated = derivative.in_notation(options.notation) if is_notated and not is_plain else derivative
            # What is expected is compared in the notation asked for; with several of one result it is one of them.
            compared = derivative if options.notation == "all" else notated
            checks = self._checks(derivative, compared, question)
            shown = notated if is_written else derivative
            steps = derivative.steps(options.method) if options.steps and not options.shapes else []
            remarks = [*self.remarks, *question.remarks, *shown.remarks]
            if self._is_one_document:
                self._add(shown, compared, question, checks, remarks)
                return
            written = (
                self._outline(derivative) if options.shapes else self._rendered(shown, excerpt, checks, remarks, alone, steps)
            )
        except _Refused:
            return
        except MatdiffError as problem:
            self._refuse(problem.errors, near=question.span)
        except (RecursionError, MemoryError):
            self._refuse([TooLarge(what="stack", limit=sys.getrecursionlimit())], near=question.span)
        else:
            self.remarks = []
            self.output.write(written)
            if options.format != "json":
                self._comment(derivative, compared, remarks, checks)

    def _checks(self, derivative: Derivative, compared: Derivative, question: Question) -> list[Check]:
        """What the options ask about the answer.  Raises `_Refused` for an expected expression that is wrong in itself."""
        options = self.options
        if options.shapes:
            return []
        # Another question may have the other ones.
        sizes = {name: number for name, number in options.sizes.items() if name in derivative.typed.number_names()}
        checks: list[Check] = []
        if options.verify:
            checks.append(derivative.verify(seed=options.seed, sizes=sizes))
        if options.prove:
            with Progress("proving: {} of {} components") as progress:
                checks.append(derivative.prove(sizes, progress))
        # What a text says itself is the first derivative.
        is_first = options.order == 1 and options.along is None and len(compared.results) == 1
        for expected in [options.expected] if options.expected else [(one,) for one in question.expected if is_first]:
            try:
                checks += compared.expect(expected, seed=options.seed, sizes=sizes)
            except WrongExpected as problem:
                self._refuse(problem.errors, source=Source(problem.text, "argument"))
                raise _Refused from None
        return checks

    @property
    def _is_picture(self) -> bool:
        """Whether a person sees the whole picture of an answer, with notes and verdicts."""
        return self.options.format == "text" and self.output.is_terminal and self.options.lhs is None

    @property
    def _is_one_document(self) -> bool:
        """Whether all answers are one document: a module of code, one align."""
        options = self.options
        return registry.is_one_document(options.format, options.math) and not options.shapes and not options.steps

    def _add(
        self, derivative: Derivative, compared: Derivative, question: Question, checks: Sequence[Check], remarks: Sequence[Remark]
    ) -> None:
        """Add an answer to the document."""
        options = self.options
        more = {"sizes": options.sizes, "lhs": options.lhs, "math": options.math, "style": options.style}
        number = self.numbers.get(id(question))
        self.parts.append(registry.contribution(derivative, options.format, number=number, **more))
        self._count(checks)
        self.comments.append((derivative, compared, remarks, checks))
        self.remarks = []

    def _count(self, checks: Sequence[Check]) -> int:
        """The exit status that the checks ask for."""
        status = 0 if all(check.passed for check in checks) else CHECK_FAILED
        self.status = max(self.status, status)
        return status

    def _outline(self, derivative: Derivative) -> str:
        from matdiff.command.outline import outline  # needed only when somebody asks

        format = self.options.format
        return outline(derivative.typed, fancy=format == "unicode" or (format == "text" and self.output.is_terminal))

    def _rendered(
        self,
        derivative: Derivative,
        excerpt: Excerpt,
        checks: Sequence[Check],
        remarks: Sequence[Remark],
        alone: bool,
        steps: Sequence[Derivation],
    ) -> str:
        """The answer in the format asked for; on a terminal text is the whole picture."""
        options = self.options
        status = self._count(checks)
        if self._is_picture:
            if options.expected and not steps:  # whoever has an answer of his own is told about that
                return _verdicts(checks, derivative)
            from matdiff.formats.terminal import terminal  # a pipe needs no pictures

            return terminal(derivative, registry.Options(color=uses_color(sys.stdout, options.color), checks=checks, steps=steps))
        if options.format == "json":
            return registry.render(
                derivative,
                "json",
                checks=checks,
                steps=steps,
                **self._for_json([] if options.quiet else remarks, status, excerpt, alone),
            )
        more = {"labels": options.notation == "all", "sizes": options.sizes, "steps": steps}
        return registry.render(derivative, options.format, lhs=options.lhs, math=options.math, style=options.style, **more)

    def _for_json(self, problems: Iterable[MatdiffError | Remark], status: int, excerpt: Excerpt, alone: bool) -> dict[str, Any]:
        return {
            "source": excerpt.source.kind,
            "path": excerpt.source.path,
            "line": excerpt.line,
            "exit_code": status,
            "diagnostics": self._diagnosed(problems, excerpt),
            "pretty": alone and self.output.is_terminal,
        }

    def _comment(self, derivative: Derivative, compared: Derivative, remarks: Sequence[Remark], checks: Sequence[Check]) -> None:
        """Remarks; in a pipe also the layout and the verdicts, which a terminal shows with the answer."""
        if not self.options.quiet:
            for remark in remarks:
                self._complain([remark], Excerpt(self._source(*spans_of(remark)), spans_of(remark)))
            if derivative.asked.layout != "gradient" and not self._is_picture:
                from matdiff.formats.layout import layout_note  # needed only when somebody asks

                note = layout_note(derivative, self.options.format)
                if note:
                    complain(note)
        told = [check for check in checks if not (check.passed and self.options.quiet)]
        if told and not self._is_picture:
            complain(_verdicts(told, compared))

    # Mistakes

    def _refuse(self, errors: Sequence[MatdiffError], source: Source | None = None, near: Span | None = None) -> None:
        """Report the errors of one statement; `source` is their text if it is not the whole text, `near` where the statement is."""
        status = max(error.exit_status for error in errors)
        errors = errors[:ERRORS]
        self.status = max(self.status, status)
        spans = [span for error in errors for span in spans_of(error)] + ([] if near is None else [near])
        excerpt = Excerpt(source or self._source(*spans), spans)
        if self.options.format == "json":
            from matdiff.formats.json import failure  # needed only where something is wrong

            about = registry.Options(**self._for_json(errors, status, excerpt, alone=True))
            self.output.write(failure(excerpt.text, about, self.options.layout))
        if self.options.format != "json" or self.output.path is not None:  # after a mistake the file is not written
            self._complain(errors, excerpt)

    def _complain(self, problems: Iterable[MatdiffError | Remark], excerpt: Excerpt) -> None:
        from matdiff.mistakes.words import render as drawn

        color = uses_color(sys.stderr, self.options.color)
        for diagnostic in self._diagnosed(problems, excerpt):
            complain(drawn(diagnostic, excerpt.text, excerpt.place, color, excerpt.line or 1))

    def _diagnosed(self, problems: Iterable[MatdiffError | Remark], excerpt: Excerpt) -> list[Diagnostic]:
        from matdiff.mistakes.words import in_words  # words are needed only when something is wrong

        found = in_words(list(problems), excerpt.text, self.declarations, by=-excerpt.start)
        for diagnostic in found:
            diagnostic.labels = tuple(label for label in diagnostic.labels if 0 <= label.span.start <= len(excerpt.text))
        return found

    def _source(self, *spans: Span) -> Source:
        """The source that holds the first of the spans; the last source if there is none."""
        place = min((span.start for span in spans), default=len(self.text))
        return next(source for source in reversed(self.sources) if source.start <= place)


def _verdicts(checks: Sequence[Check], derivative: Derivative) -> str:
    from matdiff.formats.verdicts import check_lines  # needed only when somebody asks

    return "\n".join(check_lines(checks, derivative))
