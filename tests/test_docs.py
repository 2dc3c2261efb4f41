"""README and docs show what the program prints now, and the table of functions is that of the rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from sessions import Session, outputs_now, parameters, with_table

from matdiff.command.catalogue import function_table

ROOT = Path(__file__).parent.parent
DOCUMENTS = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "matdiff" / "command" / "pages").glob("*.md")),
]


@pytest.mark.parametrize("session", parameters(DOCUMENTS))
def test_document_is_current(session: Session, trials: int) -> None:
    for step, printed in zip(session.steps, outputs_now(session, trials), strict=True):
        assert printed == step.expected, f"line {step.line}: $ {step.command}   (`make docs` rewrites it)"


def test_the_table_of_functions_is_current() -> None:
    text = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    assert with_table(text, function_table()) == text, "`make docs` rewrites it"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_python_examples_run(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Blocks fenced with ```python: doctest-like lines `>>> ...` and what they show."""
    import doctest

    text = path.read_text(encoding="utf-8")
    blocks = "".join(block.split("```")[0] for block in text.split("```python\n")[1:])
    example = doctest.DocTestParser().get_doctest(blocks, {}, path.name, str(path), 0)
    assert doctest.DocTestRunner(verbose=False).run(example).failed == 0, capsys.readouterr().out


def test_every_option_is_in_the_documentation() -> None:
    from matdiff.command.cli import GROUPS

    text = "".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    names = [name for _, options in GROUPS for option in options for name in option.opts if name.startswith("--")]
    assert [name for name in names if name not in text] == []
