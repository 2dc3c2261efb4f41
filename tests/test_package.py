"""What users install: the wheel built from the sdist, in an empty environment, run from another directory."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import click
import pytest
from sessions import sessions_of

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.slow


def _run(*command: object, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run([str(word) for word in command], cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sdist and the wheel built from it, with the build tools of this environment, so that no registry is needed."""
    folder = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "build", "--no-isolation", "--sdist", "--outdir", folder, ROOT, cwd=folder)
    (sdist,) = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "source", filter="data")
    (source,) = (folder / "source").iterdir()
    _run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", folder, source, cwd=folder)
    (wheel,) = folder.glob("*.whl")
    return sdist, wheel


def test_the_sdist_is_complete(archives: tuple[Path, Path]) -> None:
    with tarfile.open(archives[0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"grammar/matdiff.lark", "grammar/hatch_build.py", "Makefile", "README.md", "LICENSE", "tests/sessions.py"} <= names


def test_the_wheel_is_complete_and_holds_nothing_else(archives: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(archives[1]) as archive:
        names = archive.namelist()
    assert {
        "matdiff/grammar/matdiff.lark",
        "matdiff/read/_grammar.py",
        "matdiff/command/cli.py",
        "matdiff/py.typed",
        "matdiff/command/pages/layout.md",
    } <= set(names)
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"matdiff"}


def test_two_builds_give_the_same_bytes(archives: tuple[Path, Path], tmp_path: Path) -> None:
    """Whatever the seed of hashes, the time stamps of the files and the rights that new files get."""
    with tarfile.open(archives[0]) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    for path in source.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    build = f"umask 077; PYTHONHASHSEED=12345 {sys.executable} -m build --no-isolation --wheel --outdir {tmp_path} {source}"
    _run("sh", "-c", build, cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.read_bytes() == archives[1].read_bytes()


def test_an_archive_runs(archives: tuple[Path, Path], tmp_path: Path) -> None:
    """A zipapp of the wheel with its dependency finds the grammar and the pages in itself."""
    folder, app = tmp_path / "app", tmp_path / "matdiff.pyz"
    with zipfile.ZipFile(archives[1]) as archive:
        archive.extractall(folder)
    shutil.copytree(Path(click.__file__).parent, folder / "click")
    _run(sys.executable, "-m", "zipapp", folder, "-m", "matdiff.__main__:main", "-o", app, cwd=tmp_path)
    alone = (sys.executable, "-I", "-S", app)  # nothing of this environment
    assert _run(*alone, "a^T W^T x", "--wrt", "W", cwd=tmp_path) == "x a^T\n"
    assert _run(*alone, "--explain", "layout", cwd=tmp_path).startswith("# ")
    assert "- `E301`: " in _run(*alone, "--explain", cwd=tmp_path)


def test_the_first_example_of_the_readme_runs_from_the_wheel(archives: tuple[Path, Path], tmp_path: Path) -> None:
    environment, elsewhere = tmp_path / "environment", tmp_path / "elsewhere"
    elsewhere.mkdir()
    _run(sys.executable, "-m", "venv", environment, cwd=elsewhere)
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / "python"
    _run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", archives[1], cwd=elsewhere)
    # The dependencies come from here; matdiff must not, so this comes after the environment's own packages.
    own = Path(_run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=elsewhere).strip())
    ours = sysconfig.get_path("purelib")
    (own / "dependencies.pth").write_text(f"import site; site.addsitedir({ours!r})\n", encoding="utf-8")
    assert str(environment) in _run(python, "-c", "import matdiff; print(matdiff.__file__)", cwd=elsewhere)

    example = next(step for step in sessions_of(ROOT / "README.md")[0].steps if step.command.endswith("| cat"))
    command = example.command.removesuffix("| cat").replace("matdiff", str(scripts / "matdiff"), 1)
    assert _run("sh", "-c", command, cwd=elsewhere) == example.expected
    as_module = command.replace(str(scripts / "matdiff"), f"{python} -m matdiff", 1)
    assert _run("sh", "-c", as_module, cwd=elsewhere) == example.expected


def test_without_the_generated_parser_lark_reads_the_grammar(archives: tuple[Path, Path], tmp_path: Path) -> None:
    """The grammar in the wheel is found where the package is, and gives the same answer."""
    with zipfile.ZipFile(archives[1]) as archive:
        archive.extractall(tmp_path)
    (tmp_path / "matdiff" / "read" / "_grammar.py").unlink()
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import matdiff; print(matdiff.differentiate('a^T W^T x', 'W').text)"
    )
    assert _run(sys.executable, "-c", program, cwd=tmp_path) == "x a^T\n"
