"""The house rules that can be checked: which room may import which, how many files are in one, what the main job loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import matdiff

PACKAGE = Path(matdiff.__file__).parent
GENERATED = "_grammar"
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.stem != GENERATED
}
# The rooms and the modules beside them.  Each imports only from those above it.  The table of functions comes first, since printing
# asks it how a function is written; numbers stand above all that differentiates, of which they know nothing.
ROOMS = (
    "function",
    "functions",
    "language",
    "limits",
    "version",
    "read",
    "infer",
    "numbers",
    "tensor",
    "laws",
    "derive",
    "recover",
    "choose",
    "answer",
    "pipeline",
    "check",
    "notations",
    "steps",
    "code.stable",
    "code",
    "code.languages",
    "mistakes",
    "formats",
    "choices",
    "api",
    "command",
    "__init__",
    "__main__",
)
# Ten or so, and the sentence about them.
MOST_FILES = 12
MOST_LINES = 450
# Files that are tables, and longer for it.
TABLES = {"language.errors"}
# Third-party packages, and the only modules or rooms that may import them.
ALLOWED = {
    "lark": ("read",),
    "click": ("command",),
    "rich": ("command",),
    "mpmath": ("numbers", "check"),
    "sympy": ("check",),
    "numpy": (),
}


def room_of(module: str) -> str:
    """The innermost room of a module; a module beside the rooms is its own."""
    parts = module.split(".")
    for count in range(len(parts), 0, -1):
        if ".".join(parts[:count]) in ROOMS:
            return ".".join(parts[:count])
    raise AssertionError(f"{module} is in no room: add it to ROOMS")


def imports_of(path: Path) -> list[str]:
    """The modules that a file imports anywhere, for types too; names of a package's members count as its modules."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative import"
            module = node.module or ""
            for name in (f"{module}.{alias.name}" for alias in node.names):
                found.append(name if name.removeprefix("matdiff.") in MODULES else module)
    return found


def inner_imports(module: str) -> set[str]:
    """The modules of matdiff that a module imports."""
    names = (name.removeprefix("matdiff.") for name in imports_of(MODULES[module]) if name.startswith("matdiff."))
    return {name for name in names if name in MODULES and name != module}


@pytest.mark.parametrize("module", MODULES)
def test_arrows_go_one_way(module: str) -> None:
    own = ROOMS.index(room_of(module if module != "matdiff" else "__init__"))
    for other in inner_imports(module):
        assert ROOMS.index(room_of(other)) <= own, f"{module} imports {other}, a room below it"


def test_functions_are_imported_with_their_rows() -> None:
    assert [module for module in MODULES if "function" in inner_imports(module)] == ["functions"]


def test_nothing_goes_round_in_a_circle() -> None:
    remaining = {module: inner_imports(module) for module in MODULES}
    while remaining:
        free = [module for module, needs in remaining.items() if not needs & remaining.keys()]
        assert free, f"a circle among {sorted(remaining)}"
        for module in free:
            del remaining[module]


@pytest.mark.parametrize("folder", sorted({path.parent for path in MODULES.values()} - {PACKAGE}), ids=lambda path: path.name)
def test_a_room_can_be_seen_at_a_glance(folder: Path) -> None:
    files = [path for path in folder.glob("*.py") if path.stem != GENERATED]
    assert len(files) <= MOST_FILES
    body = ast.parse((folder / "__init__.py").read_text(encoding="utf-8")).body
    assert len(body) == 1 and ast.get_docstring(ast.Module(body, [])), "one sentence, and nothing else"


@pytest.mark.parametrize("module", MODULES)
def test_a_file_has_one_job(module: str) -> None:
    text = MODULES[module].read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "says what it is for"
    assert len(text.splitlines()) <= MOST_LINES or module in TABLES


@pytest.mark.parametrize("module", MODULES)
def test_third_party_packages_stay_where_they_belong(module: str) -> None:
    for imported in imports_of(MODULES[module]):
        package = imported.split(".")[0]
        if package != "matdiff" and package not in sys.stdlib_module_names:
            assert package in ALLOWED, f"{package} is no dependency of matdiff"
            assert room_of(module) in ALLOWED[package], f"{module} imports {package}"


@pytest.mark.slow
def test_the_main_job_loads_no_heavy_package() -> None:
    """In a pipe.  The generated parser is used, so lark is not loaded either."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "matdiff", "a^T W^T x", "--wrt", "W"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "x a^T\n"
    loaded = {
        line.rpartition("|")[2].strip().split(".")[0] for line in done.stderr.splitlines() if line.startswith("import time:")
    }
    assert "matdiff" in loaded
    assert loaded.isdisjoint({"sympy", "numpy", "rich", "mpmath", "lark", "json", "difflib", "asyncio", "logging"}), loaded
