"""What the command `matdiff` takes: one expression, which may start with `-`, and options whose wrong values say what they take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Any

import click

from matdiff.choices import CHOICES, RANGES, taken
from matdiff.language.errors import NotQuoted

Groups = tuple[tuple[str, tuple[click.Option, ...]], ...]


class ExpressionCommand(click.Command):
    """A command whose one argument may start with `-`: `matdiff "-w^T x" -w w`.  Words behind the value of an option belong to it.

    Only an argument that is exactly the name of an option, or looks like `--name` or `--name=value`, is an option; so short
    options are not glued to their values.

    groups       the options by heading, as the help shows them between the examples and the exit status
    """

    def __init__(self, name: str, groups: Groups, examples: str, exit_status: str, **more: Any) -> None:
        argument = click.Argument(["words"], nargs=-1, metavar="[EXPR]")
        super().__init__(name, params=[argument, *(one for _, options in groups for one in options)], **more)
        self.groups, self.examples, self.exit_status = groups, examples, exit_status

    def options(self) -> dict[str, click.Option]:
        """The options by every spelling."""
        return {name: one for one in self.params if isinstance(one, click.Option) for name in (*one.opts, *one.secondary_opts)}

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Sort the arguments into options and expressions before click sees them.  Raises `NotQuoted`."""
        named = self.options()
        options: list[str] = []
        words: list[str] = []
        rest = ["--help"] if args == ["help"] else list(args)
        last: tuple[str, str | None] | None = None  # the option before the words that follow, and its value
        while rest:
            word = rest.pop(0)
            if word == "--":
                words += rest
                break
            if word in named:
                # The long name: click takes a millisecond to see that a short one is none.
                options.append(word if word.startswith("--") else max(named[word].opts, key=len))
                if not named[word].is_flag:
                    if not rest or (rest[0] in named and rest[0].startswith("--")):
                        if word == "--explain":  # alone it lists the topics
                            options.append("")
                            continue
                        raise click.BadOptionUsage(word, f"Option '{word}' requires an argument.", ctx)
                    last = (word, rest[0])
                    options += rest[:1]
                    del rest[:1]
                else:
                    last = (word, None)
            elif _looks_like_long_option(word):
                options.append(word)
                last = None
            elif word.startswith("-") and len(word) > 1 and (words or (rest and f"-{word}" in named)):
                # A second expression is never meant, so this is a slip in an option: -Hq, -wX, -wrt.
                raise click.NoSuchOption(word, ctx=ctx)
            elif words and last is not None:
                stray = [word, *takewhile(lambda one: one not in named, rest)]
                raise NotQuoted(words=(words[0], *stray), option=last[0], value=last[1])
            else:
                words.append(word)
                last = None
        return super().parse_args(ctx, [*options, "--", *words])

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Examples first, then the options in groups, then the exit status."""
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        formatter.write("\n" + self.examples)
        for title, options in self.groups:
            with formatter.section(title):
                formatter.write_dl([record for one in options if (record := one.get_help_record(ctx)) is not None])
        formatter.write("\n" + self.exit_status)


def _looks_like_long_option(word: str) -> bool:
    name = word.partition("=")[0]
    # -----x is an expression.
    return name.startswith("--") and len(name) > 3 and name[2] != "-" and name[2:].replace("-", "").isalpha() and name.islower()


class WrongValue(click.BadParameter):
    """A value that an option does not take.

    takes    what it takes: "takes a whole number from 0 to 3"
    choices  the values, where they can be listed
    """

    def __init__(
        self,
        given: str,
        takes: str,
        ctx: click.Context | None,
        parameter: click.Parameter | None,
        choices: Sequence[str] = (),
    ) -> None:
        super().__init__(takes, ctx=ctx, param=parameter)
        self.given, self.takes, self.choices = given, takes, choices


class _Told(click.ParamType):  # type: ignore[type-arg]
    """A type whose wrong values say what the option takes, `takes`, and what it may be where that is a choice."""

    takes: str

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The value.  Raises `WrongValue`."""
        try:
            converted = super().convert(value, param, ctx)
            if converted == converted:  # nan, which no range leaves out, is no value
                return converted
        except click.BadParameter:
            pass
        raise WrongValue(value, self.takes, ctx, param, getattr(self, "choices", ()))


class OneOf(_Told, click.Choice[str]):
    """One of the words that an option of `choices` takes."""

    def __init__(self, name: str) -> None:
        super().__init__(CHOICES[name])
        self.takes = taken(name)


class Whole(_Told, click.IntRange):
    """A whole number in the range of an option of `choices`."""

    def __init__(self, name: str) -> None:
        super().__init__(*RANGES[name])
        self.takes = taken(name)


class Seconds(_Told, click.FloatRange):
    """A time."""

    takes = "takes a number of seconds from 0 on"


def option(*names: str, help: str, **more: Any) -> click.Option:
    """An option with its line of help."""
    return click.Option(list(names), help=help, **more)


def choice(*names: str, help: str, of: str) -> click.Option:
    """An option that takes a word of `choices`, the first one by default, but of formats none."""
    default = None if of in ("format", "method") else CHOICES[of][0]
    metavar = {"format": "FORMAT", "math": "ENV", "color": "WHEN"}.get(of, "NAME")
    return option(*names, metavar=metavar, type=OneOf(of), default=default, help=help)


def path(ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """A callback for one path or several: an empty one names no file."""
    if "" in (value if isinstance(value, tuple) else (value,)):
        raise WrongValue("", "takes the path of a file", ctx, parameter)
    return value


def assignments(form: str) -> Callable[[click.Context, click.Parameter, tuple[str, ...]], dict[str, str]]:
    """A callback that turns ("m=3", "n=4,k=2") into a dictionary."""

    def read(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
        pairs: dict[str, str] = {}
        for text in ",".join(values).split(",") if values else ():
            key, equals, value = (part.strip() for part in text.partition("="))
            if not (key and equals and value):
                raise WrongValue(text, f"takes a name and its value, such as {form}", ctx, parameter)
            pairs[key] = value
        return pairs

    return read
