"""A wrong use of the command's options, told in the style of the other diagnostics, with the option that was probably meant.

What stands where is one law: a word that is a value of some option, or what others call one, means that option with that value, be
it written as an option of its own (`--numpy` is --to numpy) or as the value of another one (`--layout latex`).
"""

from __future__ import annotations

import re

import click

from matdiff.command.options import ExpressionCommand, WrongValue
from matdiff.mistakes.diagnostic import Diagnostic, Help
from matdiff.mistakes.suggest import near
from matdiff.read.split import PROPERTIES

# What other programs call the options.
_OPTIONS = {
    "--wrt": "by respect respect-to with-respect-to derivative deriv differentiate diff d variable",
    "--order 1": "gradient grad first first-order",
    "--hessian": "hess second second-order second-derivative",
    "--order 0": "simplify simplified",
    "--var": "variables vars declare declaration define dim dims dimensions shape-of type types assume assumptions where",
    "--file": "input in path read source",
    "--file -": "stdin",
    "--to": "format fmt output-format as language lang code target export backend render",
    "--output": "out outfile out-file save write write-to",
    "--color never": "no-color nocolor no-colour monochrome",
    "--color": "colour colors",
    "--quiet": "silent no-warnings no-notes",
    "--steps": "verbose derivation derive show-steps explain-steps step-by-step work",
    "--verify": "check test validate numeric numerical numerically fd gradcheck finite-differences",
    "--expect": "equals equal compare compare-with answer expected is",
    "--timeout": "time time-limit max-time limit",
    "--explain": "doc docs describe",
    "--help": "usage man info",
}  # fmt: skip
# What other programs call the values.
_VALUES = {
    "numpy": "python py np scipy", "torch": "pytorch", "julia": "jl", "matlab": "octave m", "latex": "tex katex mathjax",
    "unicode": "utf8 utf-8", "text": "plain txt terminal", "numerator": "jacobian jacobi", "index": "einsum tensor indices einstein",
    "kronecker": "kron vec", "frobenius": "fro inner", "entry": "component components", "always": "on yes true force",
    "never": "off no false", "display": "equation eq displaymath", "align": "aligned align*", "chain": "chainrule backprop",
}  # fmt: skip


def diagnose_usage(problem: click.UsageError, command: ExpressionCommand) -> Diagnostic:
    """The diagnostic for what click refuses of the command."""
    message = problem.format_message()
    found: list[str] = []
    if isinstance(problem, click.NoSuchOption):
        message = f"no such option `{problem.option_name}`"
        found = _meant_option(problem.option_name, command)
    elif isinstance(problem, WrongValue) and isinstance(problem.param, click.Option):
        name = problem.param.opts[-1] if problem.param.opts[-1].startswith("--") else problem.param.opts[0]
        message = f"`{name}` {problem.takes}, not `{problem.given}`"
        found = _meant_value(problem, problem.param, command)
    elif isinstance(problem, click.BadOptionUsage):
        used = command.options()[problem.option_name]
        if used.is_flag:
            return _diagnostic(f"`{problem.option_name}` takes no value", f"write `{problem.option_name}` alone")
        return _diagnostic(f"`{problem.option_name}` needs a value", f"{problem.option_name} {used.metavar}: {used.help}")
    help = [f"did you mean `{meant}`?" for meant in found[:1]] or ["`matdiff --help` lists the options"]
    return _diagnostic(message[:1].lower() + message[1:].rstrip(".").replace("'", "`"), *help)


def _diagnostic(message: str, *help: str) -> Diagnostic:
    return Diagnostic("error", "E505", "wrong-option", message, help=list(map(Help, help)))


def _meant_option(written: str, command: ExpressionCommand) -> list[str]:
    """Options, some with a value, that may be meant by `--written`, likeliest first."""
    options = command.options()
    word = written.lstrip("-").lower()
    if f"--{word}" in options:  # -latex
        return [f"--{word}"]
    short = written[:2]
    if short in options and not written.startswith("--"):  # -wX
        return [f"{short} {'-' if options[short].is_flag else ''}{written[2:]}"]
    found = [option for option, words in _OPTIONS.items() if word in words.split()]
    found += _with_value(word, command)
    if word in PROPERTIES:
        found.append(f"--var 'A: {word} n'")
    close = near(word, [name[2:] for name in options if name.startswith("--")])
    return found + ([f"--{close}"] if close else [])


def _meant_value(problem: WrongValue, option: click.Option, command: ExpressionCommand) -> list[str]:
    """What may be meant by a value that this option does not take."""
    name = max(option.opts, key=len)
    given = problem.given
    word = given.strip().lower()
    found = [one for one in _with_value(word, command) if one.split()[0] == name]
    close = near(word, problem.choices)
    found += [f"{name} {close}"] if close else []
    found += _with_value(word, command)
    if word in PROPERTIES:
        found.append(f"--var 'A: {word} n'")
    pair = re.fullmatch(r"(\w+)\s*[: ]\s*(\w+)", given.strip())
    if pair is not None and option.metavar and "=" in option.metavar:  # n: 3
        found.append(f"{name} {pair[1]}={pair[2]}")
    return found


def _with_value(word: str, command: ExpressionCommand) -> list[str]:
    """The options that take this word, or what others call one of their values."""
    meant = {word, *(value for value, words in _VALUES.items() if word in words.split())}
    found = [
        f"{max(one.opts, key=len)} {value}"
        for one in command.params
        if isinstance(one, click.Option) and isinstance(one.type, click.Choice)
        for value in one.type.choices
        if value in meant
    ]
    return sorted(found, key=lambda option: option.startswith("--from"))  # `--numpy`: what is read shows by itself
