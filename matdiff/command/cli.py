"""The command `matdiff`: its options, its help text and its exit status.  What it does with a text is in `batch`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from math import inf
from typing import TYPE_CHECKING, Any

import click

from matdiff.api import listed
from matdiff.choices import CHOICES, check_sizes, fits, one_at_a_time, refuse_silent, taken
from matdiff.command.batch import Batch, Options
from matdiff.command.options import ExpressionCommand, Seconds, Whole, WrongValue, assignments, choice, option, path
from matdiff.command.sources import sources_of
from matdiff.command.streams import ClosedPipe, Output, complain, is_terminal, silence, silence_broken_output, uses_color
from matdiff.derive.directions import KINDS
from matdiff.formats.registry import FORMATS
from matdiff.formats.registry import Options as RenderOptions
from matdiff.language.errors import WRONG_USAGE, MatdiffError, NotQuoted, UnreadableFile, WrongOption
from matdiff.limits import TIME
from matdiff.mistakes.suggest import either
from matdiff.read.syntaxes import SYNTAXES
from matdiff.version import VERSION

if TYPE_CHECKING:
    from matdiff.mistakes.diagnostic import Diagnostic

INTERRUPTED = 130
INTERNAL_ERROR = 70

_EXAMPLES = """\
Examples:
  matdiff 'a^T W^T x' --wrt W
  matdiff 'y = W^T x; a^T y' --wrt W
  matdiff 'y = W^T x; a^T y' --wrt W --steps --method chain
  matdiff '||A x - b||^2 + lambda ||x||^2' --wrt x --latex -o gradient.tex
  matdiff 'logsumexp(A x + b)' --wrt x --hessian
  matdiff 'logdet(X)' --verify
  matdiff 'logdet(X)' --wrt X --expect 'inv(X)^T'
  matdiff 'sum(tanh(W x))' --wrt W --to numpy > gradient.py
  matdiff '\\log\\det\\mathbf{X}' --wrt X
  matdiff 'np.sum((X @ w - y) ** 2)' --wrt w
  matdiff --file losses.txt --wrt w --json
"""

_EXIT_STATUS = """\
Exit status:
  0   done
  1   --expect, --verify or --prove said no
  2   wrong usage
  3   the expression is wrong
  4   no closed form, or a limit is passed
  70  a bug in matdiff
"""


def _sizes(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, int]:
    pairs = assignments("m=3")(ctx, parameter, values)
    for name, value in pairs.items():
        if not (value.isdecimal() and fits("size", int(value))):
            raise WrongValue(f"{name}={value}", taken("size"), ctx, parameter)
    return {name: int(value) for name, value in pairs.items()}


def _styles(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    pairs = assignments("bold=no")(ctx, parameter, values)
    for key, value in pairs.items():
        if f"{key}={value}" not in CHOICES["style"]:
            raise WrongValue(f"{key}={value}", taken("style"), ctx, parameter, CHOICES["style"])
    return pairs


def _shows(text: Callable[[click.Context], str]) -> Callable[[click.Context, click.Parameter, bool], None]:
    """A callback that prints a text and ends."""

    def show(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
        if wanted:
            _print(text(ctx))
            ctx.exit()

    return show


def _print(text: str, path: str | None = None) -> None:
    output = Output(path)
    output.write(text)
    output.finish()


GROUPS: tuple[tuple[str, tuple[click.Option, ...]], ...] = (
    (
        "What to differentiate",
        (
            option("-w", "--wrt", metavar="NAME", multiple=True, help="Variable; repeat it for several, or `all`."),
            option("-H", "--hessian", is_flag=True, help="Second derivative (same as --order 2)."),
            option("--order", metavar="N", type=Whole("order"), help="Order of the derivative; 0 only simplifies."),
            option("--hvp", metavar="NAME", multiple=True, help="Hessian times a direction NAME, shaped like the variable."),
            option("--jvp", metavar="NAME", multiple=True, help="Derivative times a direction NAME, shaped like the variable."),
            option("--vjp", metavar="NAME", multiple=True, help="NAME, shaped like the output, times the derivative."),
            choice("--layout", of="layout", help="gradient (default), numerator or denominator."),
            choice("--structure", of="structure", help="Structured variables: project (default), ignore or entries."),
        ),
    ),
    (
        "Input",
        (
            option("--var", metavar="DECL", multiple=True, help="Declare a variable: 'W: m x n', 'S: symmetric n'."),
            choice("--from", "syntax", of="syntax", help="What EXPR is written in: " + either(SYNTAXES) + "."),
            option("--strict", is_flag=True, help="An error where something has to be read otherwise than it is spelled."),
            option(
                "-f",
                "--file",
                metavar="PATH",
                multiple=True,
                callback=path,
                help="Read statements from PATH ('-' is standard input), or a function from loss.py:NAME.",
            ),
        ),
    ),
    (
        "Output",
        (
            choice("-t", "--to", "format", of="format", help=", ".join(FORMATS) + "."),
            option("--latex", is_flag=True, help="Same as --to latex."),
            option("--json", is_flag=True, help="Same as --to json."),
            option("--lhs/--no-lhs", default=None, help="Write the left side 'df/dW =' too."),
            choice(
                "--notation",
                of="notation",
                help="auto (default), matrix, sum, index, entry, frobenius, kronecker, differential or all.",
            ),
            choice("--math", of="math", help="LaTeX around it: none, inline, display or align."),
            option(
                "--style",
                metavar="KEY=VALUE",
                multiple=True,
                callback=_styles,
                help="LaTeX style: bold=no, transpose=T|top|prime.",
            ),
            option("-o", "--output", metavar="PATH", callback=path, help="Write to PATH instead of standard output."),
            choice("--color", of="color", help="auto, always or never."),
            option("-q", "--quiet", is_flag=True, help="No notes and no warnings."),
        ),
    ),
    (
        "Explain and check",
        (
            option("--steps", is_flag=True, help="Show the derivation line by line."),
            choice("--method", of="method", help="How --steps derives: differential, chain or index."),
            option("--shapes", is_flag=True, help="Only show the inferred shape of every part."),
            option("--verify", is_flag=True, help="Compare with numerical differences."),
            option("--prove", is_flag=True, help="Prove it exactly, at small sizes; not decided is a no."),
            option("--expect", "expected", metavar="EXPR", multiple=True, help="Is EXPR the result? Says how they differ."),
            option(
                "--size",
                metavar="m=3",
                multiple=True,
                callback=_sizes,
                help="Size for --verify, --prove and --expect, and for the order of products in code.",
            ),
            option("--seed", metavar="N", type=Whole("seed"), default=0, help="Seed for --verify and --expect."),
        ),
    ),
    (
        "General",
        (
            option(
                "--explain", metavar="TOPIC", help="Explain a topic, such as layout, or a code, such as E301; alone lists all."
            ),
            option("--functions", is_flag=True, help="List functions, shapes and derivatives."),
            option(
                "--timeout",
                metavar="SECONDS",
                type=Seconds(0),
                default=TIME,
                help=f"Most time for an answer ({TIME:g}).",
            ),
            option("--debug", is_flag=True, help="Show the Python traceback of an internal error."),
            option(
                "-V",
                "--version",
                is_flag=True,
                expose_value=False,
                is_eager=True,
                callback=_shows(lambda ctx: f"matdiff {VERSION}"),
                help="Show the version and exit.",
            ),
            option(
                "-h",
                "--help",
                is_flag=True,
                expose_value=False,
                is_eager=True,
                callback=_shows(click.Context.get_help),
                help="Show this message and exit.",
            ),
        ),
    ),
)


def _callback(words: tuple[str, ...], **options: Any) -> int:
    """Put the options together and answer; returns the exit status."""
    asked = _asked(options)
    if options["explain"] is not None or options["functions"]:
        _refuse_beside_page(asked, words)
        _show_page(options)
        return 0
    if len(words) > 1:
        raise NotQuoted(words=words)
    format = _format(options)
    along, order = _along(options), _order(options)
    refuse_silent(asked, format)
    chosen = {
        **options,
        "wrt": listed(options["wrt"]),
        "along": along,
        "order": order,
        "format": format,
        "declarations": options["var"],
        "sizes": options["size"],
        "steps": options["steps"] or options["method"] is not None,
        "timeout": options["timeout"] or inf,
    }
    if not words and not options["file"] and is_terminal(sys.stdin):
        raise click.UsageError("There is no expression.")
    if options["verify"]:
        check_sizes(options["size"], "verified")
    output = Output(options["output"], json=format == "json")
    status = Batch(sources_of(options["file"], words[0] if words else None), Options(chosen), output).run()
    if output.path is None or status == 0:
        output.finish()
    return status


def _asked(options: dict[str, Any]) -> dict[str, str]:
    """The options that are given another value than their default, by their words, with how they are written."""
    context = click.get_current_context()
    default = {one.name: one.get_default(context) for one in context.command.params}
    given = {name: value for name, value in options.items() if value not in (None, (), {}, default[name])}
    words = {name: {"expected": "expect", "format": "to"}.get(name, name) for name in given}
    return {word: "--no-lhs" if name == "lhs" and not options[name] else f"--{word}" for name, word in words.items()}


# What matters beside a page: where it goes, and how.
_BESIDE_PAGE = ("output", "color", "quiet", "debug", "timeout")


def _refuse_beside_page(asked: dict[str, str], words: Sequence[str]) -> None:
    """Raise WrongOption for a question beside --explain or --functions."""
    page = "explain" if "explain" in asked else "functions"
    others = [written for name, written in sorted(asked.items()) if name not in _BESIDE_PAGE and name != page]
    if others or words:
        raise WrongOption(problem="questions", options=(f"--{page}", others[0] if others else "an expression"))


def _show_page(options: dict[str, Any]) -> None:
    """What --explain or --functions tells: for a person on a terminal, or as it stands."""
    color = uses_color(sys.stdout, options["color"]) if is_terminal(sys.stdout) and not options["output"] else None
    if options["functions"]:
        from matdiff.command.catalogue import drawn_functions, function_list

        text = function_list() if color is None else drawn_functions(color)
    else:
        from matdiff.command.explain import contents, drawn_page, page

        markdown = page(options["explain"]) if options["explain"] else contents()
        text = markdown if color is None else drawn_page(markdown, color)
    _print(text, options["output"])


def _order(options: dict[str, Any]) -> int:
    """The order that --order and --hessian ask for."""
    if options["hessian"]:
        one_at_a_time(["--hessian", *([f"--order {options['order']}"] if options["order"] not in (None, 2) else [])])
    return 2 if options["hessian"] else 1 if options["order"] is None else int(options["order"])


def _along(options: dict[str, Any]) -> tuple[str, tuple[str, ...]] | None:
    """The one of --hvp, --jvp and --vjp that is given, with its names."""
    asked = [(kind, listed(options[kind])) for kind in KINDS if options[kind]]
    if asked:
        order = f"--order {options['order']}" if options["order"] not in (None, 1) else ""
        other = "--hessian" if options["hessian"] else order
        one_at_a_time([*(f"--{kind}" for kind, _ in asked), *([other] if other else [])])
    return asked[0] if asked else None


def _format(options: dict[str, Any]) -> str:
    """The one format that --to, --latex and --json ask for."""
    asked = {name for name in ("latex", "json") if options[name]} | ({options["format"]} if options["format"] else set())
    if len(asked) > 1:
        raise click.UsageError(f"Only one output format at a time: {' or '.join(sorted(asked))}.")
    return asked.pop() if asked else "text"


COMMAND = ExpressionCommand(
    "matdiff",
    groups=GROUPS,
    examples=_EXAMPLES,
    exit_status=_EXIT_STATUS,
    callback=_callback,
    help="""Derivative of the matrix expression EXPR, with all sizes checked.

    EXPR may hold declarations and definitions before it, separated by ';'. It may also be a formula in LaTeX, or code for NumPy,
    JAX or PyTorch. With no EXPR, statements are read from standard input, one per line.""",
    add_help_option=False,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with the arguments of the process, or those given; returns the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _answered(words)
    except ClosedPipe:
        silence(sys.stdout)
        return 0
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED


def _answered(words: list[str]) -> int:
    try:
        return _run(words)
    except (ClosedPipe, click.Abort):
        raise
    except Exception as problem:
        if "--debug" in words:
            raise
        from matdiff.mistakes.diagnostic import Diagnostic  # needed only when something is wrong

        message = " ".join(f"{type(problem).__name__}: {problem}".split())
        return _fail(words, Diagnostic("error", "E700", "internal-error", f"a bug in matdiff: {message}"), INTERNAL_ERROR)


def _run(words: list[str]) -> int:
    try:
        with COMMAND.make_context("matdiff", list(words)) as context:
            return int(COMMAND.invoke(context))
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.UsageError as problem:
        from matdiff.command.usage import diagnose_usage

        return _fail(words, diagnose_usage(problem, COMMAND), WRONG_USAGE)
    except MatdiffError as problem:
        from matdiff.mistakes.words import diagnose

        return _fail(words, diagnose(problem, ""), problem.exit_status)


def _fail(words: list[str], diagnostic: Diagnostic, status: int) -> int:
    """Tell what stopped the whole run, as JSON where that was asked for and can be written."""
    if _wants_json(words):
        from matdiff.formats.json import failure

        output = Output(json=True)
        try:
            output.write(failure("", RenderOptions(exit_code=status, diagnostics=[diagnostic])))
            output.finish()
            return status
        except UnreadableFile as problem:
            from matdiff.mistakes.words import diagnose

            diagnostic, status = diagnose(problem, ""), problem.exit_status
    silence_broken_output()
    color = words[words.index("--color") + 1 :][:1] if "--color" in words else []
    from matdiff.mistakes.diagnostic import render as drawn

    complain(drawn(diagnostic, "", None, uses_color(sys.stderr, color[0] if color else "auto")))
    return status


def _wants_json(words: Sequence[str]) -> bool:
    """Whether JSON was asked for, even where the options as a whole make no sense."""
    pairs = list(zip(words, words[1:], strict=False))
    return "--json" in words or "--to=json" in words or ("--to", "json") in pairs or ("-t", "json") in pairs
