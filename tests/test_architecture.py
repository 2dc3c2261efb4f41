"""The house rules that can be checked: which module may import which, what start-up loads, how long a file may be."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import matdiff

PACKAGE = Path(matdiff.__file__).parent
ROOT = PACKAGE.parent
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "_grammar.py")

# From the ground up.  A module imports only from its own floor or from below.
FLOORS = (
    (
        "version",
        "errors",
        "limits",
        "dims",
        "syntax",
        "walk",
        "functions",
        "rational",
        "nodes",
        "canonical",
        "ways",
        "flat",
        "index",
        "unify",
        "parts",
    ),
    (
        "lalr",
        "sentences",
        "scan",
        "declare",
        "statements",
        "formulate",
        "review",
        "parse",
        "shapes",
        "fits",
        "remarks",
        "variables",
        "glued",
        "infer",
        "rules",
    ),
    (
        "blocklaws",
        "portions",
        "lower",
        "rank",
        "derive",
        "equations",
        "embedding",
        "functionlaws",
        "powerlaws",
        "matching",
        "sumlaws",
        "simplify",
        "undefined",
    ),
    (
        "cost",
        "formula",
        "formulas",
        "sized",
        "shared",
        "collect",
        "grid",
        "larger",
        "graph",
        "recover",
        "naming",
        "expand",
        "quotients",
        "choose",
        "entries",
        "inverse",
        "directions",
        "structure",
        "asked",
        "derivatives",
        "conditions",
        "result",
        "answer",
        "pipeline",
        "spaces",
    ),
    ("precision", "matrices", "matrixfunctions", "numerics", "sample", "values", "trial_sizes", "signs", "points", "evaluate"),
    ("expected", "terms", "comparison", "views", "slips", "expect", "components", "identity", "prove"),
    (
        "render",
        "notations",
        "rereading",
        "symmetric",
        "choices",
        "conditions",
        "suggest",
        "foreign_rows",
        "foreign_tex",
        "foreign_tree",
        "foreign_ours",
        "foreign",
        "diagnostic",
        "relocate",
        "texts",
        "missing_brackets",
        "shape_changes",
        "text_changes",
        "proposals",
        "words_reading",
        "words_shapes",
        "advice",
        "words",
        "catalogue",
        "explain",
        "outline",
    ),
    ("steps",),
    ("api",),
    ("sources", "relocate", "streams", "batch"),
    ("result", "pipeline"),
    ("relocate", "arguments", "result", "pipeline", "api"),
    ("sources", "streams", "batch"),
    ("command", "usage", "cli"),
    ("__init__", "__main__"),
)
# Files that are tables, and longer for it.
TABLES = ("errors", "functions")
# Third-party packages, and the only modules that may import them.
ALLOWED = {
    "lark": {"parse"},
    "click": {"command", "usage", "cli"},
    "rich": {"catalogue", "explain"},
    "mpmath": {"precision"},
    "sympy": {"components", "identity", "prove"},
    "numpy": set(),
}
# Written from the grammar when the package is built.
GENERATED = "_grammar"


def _name(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


def _imports(path: Path, *, run_time_only: bool = False) -> list[str]:
    """The full names of the modules that a file imports anywhere; names of a package's members count as its modules."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            skipped.update(child for statement in node.body for child in ast.walk(statement))
    found = []
    for node in ast.walk(tree):
        if node in skipped and run_time_only:
            continue
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative import"
            module = node.module or ""
            inner = [f"{module}.{alias.name}" for alias in node.names]
            found += [name for name in inner if (ROOT / (name.replace(".", "/") + ".py")).exists()] or [module]
    return found


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_imports_go_down(path: Path) -> None:
    floor_of = {name: number for number, names in enumerate(FLOORS) for name in names}
    own = _name(path)
    assert own.split(".")[0] in floor_of, f"{own} stands on no floor: add it to FLOORS"
    for imported in _imports(path, run_time_only=True):
        if imported.startswith("matdiff.") and imported != f"matdiff.{GENERATED}":
            other = imported.split(".")[1]
            assert floor_of[other] <= floor_of[own.split(".")[0]], f"{own} imports {other} from above"


def test_no_import_goes_round_in_a_circle() -> None:
    graph = {
        _name(path): {name.removeprefix("matdiff.") for name in _imports(path, run_time_only=True) if name.startswith("matdiff.")}
        for path in MODULES
    }
    remaining = dict(graph)
    while remaining:
        free = [name for name, needs in remaining.items() if not needs & remaining.keys() - {name}]
        assert free, f"a circle among {sorted(remaining)}"
        for name in free:
            del remaining[name]


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_third_party_packages_stay_where_they_belong(path: Path) -> None:
    for imported in _imports(path):
        package = imported.split(".")[0]
        if package == "matdiff" or package in sys.stdlib_module_names:
            continue
        assert package in ALLOWED, f"{package} is no dependency of matdiff"
        assert _name(path) in ALLOWED[package], f"{_name(path)} imports {package}"


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_file_has_one_job(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 450 or _name(path) in TABLES


def test_every_module_says_what_it_is_for() -> None:
    for path in MODULES:
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), f"{_name(path)} has no docstring"


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
