"""The pages of `--explain`: Markdown files in the folder `pages`, one for a topic or an error code, named by it."""

from __future__ import annotations

from importlib.resources import files

from matdiff.language.errors import UnknownTopic
from matdiff.mistakes.suggest import near


def topics() -> list[str]:
    """The names of all pages: subjects first, then error codes."""
    names = [
        entry.name.removesuffix(".md")
        for entry in files("matdiff.command").joinpath("pages").iterdir()
        if entry.name.endswith(".md")
    ]
    return sorted(names, key=lambda name: (name[0].isupper(), name))


def page(topic: str) -> str:
    """The Markdown of a topic, whatever the case of its name.  Raises UnknownTopic."""
    names = topics()
    name = next((name for name in names if name.lower() == topic.strip().lower()), None)
    if name is None:
        raise UnknownTopic(topic=topic, meant=near(topic, names), topics=tuple(names))
    return files("matdiff.command").joinpath("pages").joinpath(f"{name}.md").read_text(encoding="utf-8").rstrip()


def contents() -> str:
    """The Markdown list of all pages, each with its heading."""
    headings = [page(topic).splitlines()[0].lstrip("# ") for topic in topics()]
    rows = [
        f"- `{topic}`: {heading.removeprefix(topic).removeprefix(': ')}"
        for topic, heading in zip(topics(), headings, strict=True)
    ]
    return "\n".join(["# What `--explain` explains", "", *rows])


def drawn_page(markdown: str, color: bool) -> str:
    """The page as a terminal shows it, through rich."""
    from rich.console import Console
    from rich.markdown import Markdown
    from rich.theme import Theme

    # No background behind code: it would be black on a light terminal.
    theme = Theme({"markdown.code": "bold", "markdown.code_block": "none"})
    console = Console(highlight=False, emoji=False, no_color=not color, color_system="auto" if color else None, theme=theme)
    with console.capture() as drawn:
        console.print(Markdown(markdown, code_theme="ansi_dark" if color else "bw", hyperlinks=False))
    return drawn.get().removesuffix("\n")
