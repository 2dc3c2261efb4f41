"""The command `matdiff`: its options, its help text and its exit status.  What it does with a text is in `batch`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from math import inf
from typing import Any

import click

from matdiff.batch import Batch, Options
from matdiff.carets import Diagnostic
from matdiff.carets import render as drawn
from matdiff.command import ExpressionCommand, OneOf, Seconds, Whole, WrongValue, assignments, choice, listed, option
from matdiff.errors import WRONG_USAGE, MatdiffError, NotQuoted
from matdiff.limits import LARGEST_SIZE, TIME
from matdiff.notations import CHOICES as NOTATIONS
from matdiff.render import FORMATS, WRITTEN
from matdiff.render import Options as RenderOptions
from matdiff.render.options import STYLES
from matdiff.sources import sources_of
from matdiff.streams import ClosedPipe, Output, complain, is_terminal, silence_standard_output, uses_color
from matdiff.structure import MODES
from matdiff.version import VERSION

INTERRUPTED = 130
INTERNAL_ERROR = 70
# With larger arrays --verify, which computes with many digits, takes too long.
LARGEST_VERIFIED = 100

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
        if not value.isdecimal() or not 1 <= int(value) <= LARGEST_SIZE:
            raise WrongValue(f"{name}={value}", f"takes whole numbers from 1 to {LARGEST_SIZE:,}", ctx, parameter)
    return {name: int(value) for name, value in pairs.items()}


def _styles(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    pairs = assignments("bold=no")(ctx, parameter, values)
    known = [f"{key}={value}" for key, values in STYLES.items() for value in values]
    for key, value in pairs.items():
        if f"{key}={value}" not in known:
            raise WrongValue(f"{key}={value}", f"takes {listed(known)}", ctx, parameter, known)
    return pairs


def _show_version(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        _print(f"matdiff {VERSION}")
        ctx.exit()


def _show_help(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        _print(ctx.get_help())
        ctx.exit()


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
            option("--order", metavar="N", type=Whole(0, 3), help="Order of the derivative; 0 only simplifies."),
            option("--hvp", metavar="NAME", multiple=True, help="Hessian times a direction NAME, shaped like the variable."),
            option("--jvp", metavar="NAME", multiple=True, help="Derivative times a direction NAME, shaped like the variable."),
            option("--vjp", metavar="NAME", multiple=True, help="NAME, shaped like the output, times the derivative."),
            choice("--layout", ["gradient", "numerator", "denominator"], help="gradient (default), numerator or denominator."),
            choice("--structure", MODES, help="Structured variables: project (default), ignore or entries."),
        ),
    ),
    (
        "Input",
        (
            option("--var", metavar="DECL", multiple=True, help="Declare a variable: 'W: m x n', 'S: symmetric n'."),
            option("-f", "--file", metavar="PATH", multiple=True, help="Read statements from PATH ('-' is standard input)."),
        ),
    ),
    (
        "Output",
        (
            option("-t", "--to", "format", metavar="FORMAT", type=OneOf(sorted(FORMATS)), help=", ".join(FORMATS) + "."),
            option("--latex", is_flag=True, help="Same as --to latex."),
            option("--json", is_flag=True, help="Same as --to json."),
            option("--lhs/--no-lhs", default=None, help="Write the left side 'df/dW =' too."),
            option(
                "--notation",
                metavar="NAME",
                type=OneOf(NOTATIONS),
                default="auto",
                help="auto (default), matrix, index, entry, frobenius, kronecker, differential or all.",
            ),
            option(
                "--math",
                metavar="ENV",
                type=OneOf(["none", "inline", "display", "align"]),
                default="none",
                help="LaTeX around it: none, inline, display or align.",
            ),
            option(
                "--style",
                metavar="KEY=VALUE",
                multiple=True,
                callback=_styles,
                help="LaTeX style: bold=no, transpose=T|top|prime.",
            ),
            option("-o", "--output", metavar="PATH", help="Write to PATH instead of standard output."),
            option(
                "--color",
                metavar="WHEN",
                type=OneOf(["auto", "always", "never"]),
                default="auto",
                help="auto, always or never.",
            ),
            option("-q", "--quiet", is_flag=True, help="No notes and no warnings."),
        ),
    ),
    (
        "Explain and check",
        (
            option("--steps", is_flag=True, help="Show the derivation line by line."),
            option(
                "--method",
                metavar="NAME",
                type=OneOf(["differential", "chain", "index"]),
                help="How --steps derives: differential, chain or index.",
            ),
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
            option("--seed", metavar="N", type=Whole(0), default=0, help="Seed for --verify and --expect."),
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
                callback=_show_version,
                help="Show the version and exit.",
            ),
            option(
                "-h",
                "--help",
                is_flag=True,
                expose_value=False,
                is_eager=True,
                callback=_show_help,
                help="Show this message and exit.",
            ),
        ),
    ),
)


def _callback(words: tuple[str, ...], **options: Any) -> int:
    """Put the options together and answer; returns the exit status."""
    if options["explain"] is not None:
        from matdiff.explain import drawn_page, page

        if is_terminal(sys.stdout) and not options["output"]:
            _print(drawn_page(page(options["explain"]), uses_color(sys.stdout, options["color"])))
        else:
            _print(page(options["explain"]), options["output"])
        return 0
    if options["functions"]:
        from matdiff.catalogue import drawn_functions, function_list

        if is_terminal(sys.stdout) and not options["output"]:
            _print(drawn_functions(uses_color(sys.stdout, options["color"])))
        else:
            _print(function_list(), options["output"])
        return 0
    if len(words) > 1:
        raise NotQuoted(words=words)
    chosen = Options(
        wrt=_listed(options["wrt"]),
        along=_along(options),
        order=_order(options),
        layout=options["layout"],
        structure=options["structure"],
        declarations=options["var"],
        format=_format(options),
        notation=options["notation"],
        lhs=options["lhs"],
        math=options["math"],
        style=options["style"],
        color=options["color"],
        quiet=options["quiet"],
        shapes=options["shapes"],
        verify=options["verify"],
        steps=options["steps"] or options["method"] is not None,
        method=options["method"],
        prove=options["prove"],
        expected=options["expected"],
        sizes=options["size"],
        seed=options["seed"],
        timeout=options["timeout"] or inf,
    )
    _refuse_contradictions(options, chosen.format)
    if not words and not options["file"] and is_terminal(sys.stdin):
        raise click.UsageError("There is no expression.")
    large = [name for name, size in options["size"].items() if size > LARGEST_VERIFIED]
    if options["verify"] and large:
        raise click.UsageError(f"With --verify the size {large[0]} must be a number from 1 to {LARGEST_VERIFIED}.")
    output = Output(options["output"], json=chosen.format == "json")
    status = Batch(sources_of(options["file"], words[0] if words else None), chosen, output).run()
    if output.path is None or status == 0:
        output.finish()
    return status


def _listed(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(name.strip() for text in values for name in text.split(",") if name.strip())


def _order(options: dict[str, Any]) -> int:
    """The order that --order and --hessian ask for."""
    if options["hessian"] and options["order"] not in (None, 2):
        raise click.UsageError(f"Only one of these at a time: --hessian and --order {options['order']}.")
    return 2 if options["hessian"] else 1 if options["order"] is None else int(options["order"])


def _along(options: dict[str, Any]) -> tuple[str, tuple[str, ...]] | None:
    """The one of --hvp, --jvp and --vjp that is given, with its names."""
    asked = [(kind, _listed(options[kind])) for kind in ("hvp", "jvp", "vjp") if options[kind]]
    others = [f"--{kind}" for kind, _ in asked]
    if asked and options["hessian"]:
        others.append("--hessian")
    elif asked and options["order"] not in (None, 1):
        others.append(f"--order {options['order']}")
    if len(others) > 1:
        raise click.UsageError(f"Only one of these at a time: {' and '.join(others)}.")
    return asked[0] if asked else None


_PLAIN = ("text", "ascii", "unicode")
# Options that ask another question than what stands before them, and would not be answered beside it.
_OTHER_QUESTIONS = (
    ("steps", ("notation",)),
    ("method", ("notation",)),
    ("shapes", ("steps", "method", "notation", "verify", "prove", "expected")),
)


def _refuse_contradictions(options: dict[str, Any], format: str) -> None:
    """Raises UsageError for options of which one would have no effect."""
    asked = {name for name, value in options.items() if value and (name, value) != ("notation", "auto")}
    for one, others in _OTHER_QUESTIONS:
        for other in others:
            if {one, other} <= asked:
                first, second = (f"--{name.replace('expected', 'expect')}" for name in (one, other))
                raise click.UsageError(f"{first} and {second} are two questions; ask one at a time.")
    for name, formats in (("steps", WRITTEN), ("method", WRITTEN), ("notation", WRITTEN), ("shapes", _PLAIN)):
        if name in asked and format not in formats:
            raise click.UsageError(f"--{name} is written as {listed(formats)}, not as {format}.")


def _format(options: dict[str, Any]) -> str:
    """The one format that --to, --latex and --json ask for."""
    asked = {name for name in ("latex", "json") if options[name]} | ({options["format"]} if options["format"] else set())
    if len(asked) > 1:
        raise click.UsageError(f"Only one output format at a time: {listed(sorted(asked))}.")
    return asked.pop() if asked else "text"


COMMAND = ExpressionCommand(
    "matdiff",
    groups=GROUPS,
    examples=_EXAMPLES,
    exit_status=_EXIT_STATUS,
    callback=_callback,
    help="""Derivative of the matrix expression EXPR, with all sizes checked.

    EXPR may hold declarations and definitions before it, separated by ';'. With no EXPR, statements are read from standard
    input, one per line.""",
    add_help_option=False,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with the arguments of the process, or those given; returns the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _run(words)
    except ClosedPipe:
        silence_standard_output()
        return 0
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except Exception as problem:
        if "--debug" in words:
            raise
        message = " ".join(f"{type(problem).__name__}: {problem}".split())
        return _fail(words, Diagnostic("error", "E700", "internal-error", f"a bug in matdiff: {message}"), INTERNAL_ERROR)


def _run(words: list[str]) -> int:
    try:
        with COMMAND.make_context("matdiff", list(words)) as context:
            return int(COMMAND.invoke(context))
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.UsageError as problem:
        from matdiff.usage import diagnose_usage

        return _fail(words, diagnose_usage(problem, COMMAND), WRONG_USAGE)
    except MatdiffError as problem:
        from matdiff.report import diagnose

        return _fail(words, diagnose(problem, ""), problem.exit_status)


def _fail(words: list[str], diagnostic: Diagnostic, status: int) -> int:
    """Tell what stopped the whole run, as JSON where that was asked for."""
    if _wants_json(words):
        from matdiff.render.json import failure

        options = RenderOptions(exit_code=status, diagnostics=[diagnostic])
        output = Output(json=True)
        output.write(failure("", options))
        output.finish()
    else:
        color = words[words.index("--color") + 1 :][:1] if "--color" in words else []
        complain(drawn(diagnostic, "", None, uses_color(sys.stderr, color[0] if color else "auto")))
    return status


def _wants_json(words: Sequence[str]) -> bool:
    """Whether JSON was asked for, even where the options as a whole make no sense."""
    pairs = list(zip(words, words[1:], strict=False))
    return "--json" in words or "--to=json" in words or ("--to", "json") in pairs or ("-t", "json") in pairs
