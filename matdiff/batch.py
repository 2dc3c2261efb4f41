"""Reads statements, answers the questions among them in order, and writes every answer and every mistake where it belongs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from matdiff import carets, pipeline, render
from matdiff.errors import EndsEarly, Errors, MatdiffError, NotAName, Remark, TooLarge
from matdiff.parse import Declaration, Definition, Question, parse, parse_declaration, read
from matdiff.streams import Output, complain, read_path, read_standard_input, uses_color
from matdiff.syntax import Span
from matdiff.walk import post_order

if TYPE_CHECKING:
    from matdiff.carets import Diagnostic
    from matdiff.pipeline import Derivative

CHECK_FAILED = 1


class Options:
    """What the user asked for; the names are those of the options of the command."""

    wrt: tuple[str, ...] = ()
    order = 1
    layout = "gradient"
    structure = "project"
    declarations: tuple[str, ...] = ()
    format = "text"
    lhs: bool | None = None
    math = "none"
    style: dict[str, str]
    color = "auto"
    quiet = False
    shapes = False
    verify = False
    sizes: dict[str, int]
    seed = 0

    def __init__(self, **chosen: Any) -> None:
        self.style, self.sizes = {}, {}
        self.__dict__.update(chosen)


class Source:
    """A text with where it comes from: `kind` is "argument", "stdin" or "file"; `start` its place in the whole text."""

    __slots__ = ("kind", "path", "start", "text")

    def __init__(self, text: str, kind: str, path: str | None = None) -> None:
        self.text, self.kind, self.path, self.start = text, kind, path, 0

    def around(self, spans: Iterable[Span]) -> tuple[str, int, int | None]:
        """The lines that hold the spans, the place in the whole text where they start, and the number of the first one.

        An argument is one piece and has no line numbers.
        """
        if self.kind == "argument":
            return self.text, self.start, None
        places = [max(0, place - self.start) for span in spans for place in (span.start, span.end)] or [0]
        first = self.text.rfind("\n", 0, min(places)) + 1
        last = self.text.find("\n", max(places))
        text = self.text[first : last if last >= 0 else len(self.text)]
        return text, self.start + first, self.text.count("\n", 0, first) + 1


def sources_of(paths: Sequence[str], expression: str | None) -> list[Source]:
    """Files in their order, then the expression; standard input when there is neither, or where one of them is `-`.

    Raises `UnreadableFile`, and `TooLarge` past the limit for a text.
    """
    if expression is None and not paths:
        paths = ["-"]
    elif expression == "-":
        paths, expression = [*paths, "-"], None
    sources = [Source(read_standard_input(), "stdin") if path == "-" else Source(read_path(path), "file", path) for path in paths]
    return sources if expression is None else [*sources, Source(expression, "argument")]


class Batch:
    """Answers all questions of some sources; `status` is the largest exit status met."""

    def __init__(self, sources: Sequence[Source], options: Options, output: Output) -> None:
        self.sources, self.options, self.output = sources, options, output
        self.text = ""
        for source in sources:
            self.text += "\n" if self.text else ""
            source.start = len(self.text)
            self.text += source.text
        self.status = 0
        self.wrt: tuple[str, ...] = ()
        self.declarations: list[Declaration] = []
        self.definitions: list[Definition] = []

    def run(self) -> int:
        """Every statement in turn; a bad one does not stop the others."""
        if not self._read_options():
            return self.status
        reading = read(self.text, known=[declaration.name for declaration in self.declarations])
        questions = 0
        for place in range(len(reading.statements) + 1):
            for errors in (errors for after, errors in reading.failed if after == place):
                self._refuse(errors)
            if place == len(reading.statements):
                break
            statement = reading.statements[place]
            if isinstance(statement, Declaration):
                self.declarations.append(statement)
            elif isinstance(statement, Definition):
                self.definitions.append(statement)
            else:
                questions += 1
                self._answer(statement)
        if not questions and not reading.failed:
            end = len(self.text)
            self._refuse([EndsEarly(span=Span(end, end), after="")])
        return self.status

    def _read_options(self) -> bool:
        """--var and --wrt; whether they are good."""
        for text in self.options.declarations:
            try:
                self.declarations += parse_declaration(text)
            except Errors as problem:
                self._refuse(problem.errors, Source(text, "argument"))
        self.wrt = self._names(self.options.wrt)
        return not self.status

    def _names(self, texts: Iterable[str]) -> tuple[str, ...]:
        """The names of --wrt in their one spelling: β is beta."""
        names: list[str] = []
        for text in texts:
            name = _name(text)
            if name is None:
                self._refuse([NotAName(text=text, names=self._names_in_text())])
            else:
                names.append(name)
        return tuple(names)

    def _names_in_text(self) -> tuple[str, ...]:
        questions = [statement for statement in read(self.text).statements if isinstance(statement, Question)]
        parts = [part for question in questions for part in post_order(question.expr)]
        return tuple(dict.fromkeys(str(part.value) for part in parts if part.op == "name"))

    # Answers

    def _answer(self, question: Question) -> None:
        options = self.options
        try:
            derivative = pipeline.solve(
                self._source(question.span.start).around([question.span])[0],
                question,
                self.declarations,
                self.definitions,
                question.wrt or self.wrt or None,
                order=0 if options.shapes else options.order,
                structure=options.structure,
                layout=options.layout,
            )
            checks = derivative.verify(seed=options.seed, sizes=options.sizes) if options.verify else None
            written = self._written(derivative, question, checks)
        except Errors as problem:
            self._refuse(problem.errors, near=question.span)
            return
        except MatdiffError as problem:
            self._refuse([problem], near=question.span)
            return
        except (RecursionError, MemoryError):
            self._refuse([TooLarge(what="nesting", limit=pipeline.MAXIMUM_DEPTH, span=question.span)])
            return
        self.output.write(written)

    def _source(self, place: int) -> Source:
        return next(source for source in reversed(self.sources) if source.start <= place)

    # Mistakes and remarks

    def _refuse(self, errors: Sequence[MatdiffError], source: Source | None = None, near: Span | None = None) -> None:
        """Report the errors of one statement; `source` is their text if it is not the whole text, `near` where the statement is."""
        status = max(error.exit_status for error in errors)
        self.status = max(self.status, status)
        excerpt = self._excerpt(errors, source, near)
        diagnostics = excerpt.diagnosed(errors)
        if self.options.format == "json":
            self.output.write(json.failure(excerpt, diagnostics, status, self.options.layout))
        else:
            self._complain(excerpt, diagnostics)

    def _excerpt(self, problems: Sequence[MatdiffError | Remark], source: Source | None = None, near: Span | None = None) -> Excerpt:
        """The lines that the problems and the statement are about."""
        spans = [span for problem in problems for span in spans_of(problem)] + ([] if near is None else [near])
        if source is None:
            source = self._source(min((span.start for span in spans), default=len(self.text)))
        return Excerpt(source, spans)

    def _source(self, place: int) -> Source:
        return next(source for source in reversed(self.sources) if source.start <= place or source is self.sources[0])

    def _complain(self, excerpt: Excerpt, diagnostics: Iterable[Diagnostic]) -> None:
        colour = uses_color(sys.stderr, self.options.color)
        for diagnostic in diagnostics:
            complain(carets.render(diagnostic, excerpt.text, excerpt.path, colour, excerpt.line or 1))
