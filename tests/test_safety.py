"""Nothing that is typed is run, and the same input gives the same bytes wherever and however often it is given."""

from __future__ import annotations

import ast
import builtins
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sessions import run

import matdiff
from matdiff.language.errors import MatdiffError

CORPUS = [
    json.loads(line)
    for line in (Path(__file__).parent / "corpus" / "public.jsonl").read_text(encoding="utf-8").splitlines()
    if line.strip()
]
FORMATS = ("text", "ascii", "unicode", "latex", "json", "numpy", "jax", "torch", "julia", "matlab", "sympy")
# Names that mean something to the language of a format, to a shell or to a terminal; all of them are names of variables here.
NAMES = (
    "lambda", "import", "exec", "eval", "__import__", "print", "self", "f", "np", "jnp", "torch", "sp", "scipy", "df_dx", "end",
    "function", "begin", "system", "unix", "run", "input", "write18", "text", "mathbf", "x_1_2", "None", "True", "inf", "NaN", "i",
)  # fmt: skip
COMMENTS = (
    '""" + __import__("os").system("echo pwned") + """', "*/ system('echo pwned') /*", r"\input{/etc/passwd}", "$(echo pwned)",
    "'; system('echo pwned'); '", "[red]pwned[/red]", "<script>pwned</script>", "\x1b[31mpwned", "%} end; system('echo pwned')",
)  # fmt: skip
# What a module of arithmetic may call besides its own functions: attributes of the libraries it imports.
LIBRARIES = ("np", "jnp", "jax", "torch", "sp", "sympy", "scipy", "numpy", "math", "functools")
BUILTINS = ("len", "range", "max", "min", "float", "int", "abs", "sum", "zip", "tuple", "list", "enumerate", "reversed", "dict")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("comment", COMMENTS)
def test_a_comment_reaches_no_format(comment: str, format: str) -> None:
    """Comments of a file are read by people; no format repeats them where they could be run."""
    outcome = run(["--to", format], stdin=f"x^T A x wrt x # {comment}\n")
    assert outcome.status == 0, outcome.stderr
    document = outcome.stdout
    if format == "json":  # which gives the input back, as a string
        read = json.loads(document)
        assert comment in read["input"].pop("text")
        document = json.dumps(read)
    assert "pwned" not in document
    assert "passwd" not in document
    assert "\x1b" not in outcome.stdout + outcome.stderr


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("format", ["numpy", "jax", "torch", "sympy"])
def test_a_python_module_holds_nothing_but_arithmetic(name: str, format: str) -> None:
    """Whatever the variables are called: imports, functions, and calls of the libraries and of each other."""
    outcome = run([f"{name}^T A {name} + log(det(A))", "--wrt", name, "--var", f"{name}: n", "--to", format])
    if name == "__import__":  # no name of this language
        assert outcome.status == 2
        return
    assert outcome.status == 0
    tree = ast.parse(outcome.stdout)
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for node in tree.body:
        assert isinstance(node, ast.Import | ast.FunctionDef | ast.Expr | ast.ImportFrom | ast.Assign), ast.dump(node)
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        arrays = {argument.arg for argument in function.args.args}
        arrays |= {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        for called in _called(function):
            if isinstance(called, ast.Attribute):  # of a library, or what an array can do
                owner = _owner(called)
                assert owner is None or owner in LIBRARIES or owner in arrays, ast.unparse(called)
            else:
                assert isinstance(called, ast.Name) and (called.id in own or called.id in BUILTINS), ast.unparse(called)
    parameters = {argument.arg for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) for argument in node.args.args}
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert not parameters & {(alias.asname or alias.name).split(".")[0] for node in imports for alias in node.names}


def _called(tree: ast.AST) -> Iterator[ast.expr]:
    return (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))


def _owner(attribute: ast.expr) -> str | None:
    """The name before the first dot; None where an expression stands there."""
    while isinstance(attribute, ast.Attribute):
        attribute = attribute.value
    return attribute.id if isinstance(attribute, ast.Name) else None


@pytest.mark.parametrize(
    ("name", "format"),
    [(name, format) for name in ("end", "function", "if", "for", "global") for format in ("julia", "matlab")]
    + [("begin", "julia")],
)
def test_a_keyword_is_spelled_in_another_way(name: str, format: str) -> None:
    outcome = run([f"{name}^T A {name}", "--wrt", name, "--var", f"{name}: n", "--to", format])
    heads = [line for line in outcome.stdout.splitlines() if line.startswith("function ") and "derivatives()" not in line]
    assert len(heads) >= 3
    for head in heads:
        assert name not in re.findall(r"\w+", head.split("(")[1])


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("lambda", "__import__")])
def test_tex_sees_letters_and_no_commands(name: str) -> None:
    outcome = run([f"{name}^T A {name}", "--wrt", name, "--var", f"{name}: n", "--latex"])
    assert outcome.status == 0
    assert set(re.findall(r"\\([A-Za-z]+)", outcome.stdout)) <= {
        "mathbf",
        "top",
        "left",
        "right",
        "mathit",
        "mathrm",
        "boldsymbol",
    }


def _process(*arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[bytes]:
    clean = {key: value for key, value in os.environ.items() if key in ("PATH", "LANG", "LC_ALL")}
    command = [sys.executable, "-m", "matdiff", *arguments]
    return subprocess.run(command, input=stdin.encode(), env={**clean, **environment}, capture_output=True, check=False)


def _batch() -> str:
    """One case in nine of the corpus as the lines of a file; a declaration holds from there on, so that every name is used once."""
    seen: set[str] = set()
    lines = []
    for case in CORPUS[::9]:
        names = set(re.findall(r"[A-Za-z]\w*", case["expr"])) - {"tr", "inv", "det", "exp", "log", "sum", "diag"}
        if names & seen or len(set(case["wrt"])) > 1:
            continue
        seen |= names
        lines += [*case["decl"], f"{case['expr']} wrt {case['wrt'][0]}"]
    return "\n".join(lines) + "\n"


@pytest.mark.slow
@pytest.mark.parametrize("format", ["text", "json", "numpy"])
def test_twenty_orders_of_sets_give_the_same_bytes(format: str) -> None:
    arguments = [
        "logsumexp(A x + b) + x^T S x + tr(S A^T A) + sum(tanh(A x) .* b)",
        "--wrt",
        "all",
        "--order",
        "2",
        "--to",
        format,
    ]
    runs = {_process(*arguments, PYTHONHASHSEED=str(seed)).stdout for seed in range(20)}
    assert len(runs) == 1
    assert runs != {b""}


@pytest.mark.slow
def test_a_file_of_many_statements_gives_the_same_bytes() -> None:
    text = _batch()
    assert text.count(" wrt ") >= 3
    runs = [_process("-f", "-", stdin=text, PYTHONHASHSEED=str(seed)) for seed in range(3)]
    assert len({(done.returncode, done.stdout, done.stderr) for done in runs}) == 1
    assert b"Traceback" not in runs[0].stderr


@pytest.mark.parametrize(
    "environment",
    [
        {"HOME": "/nowhere"},
        {},
        {"COLUMNS": "20"},
        {"LC_ALL": "C"},
        {"PYTHONIOENCODING": "cp1252"},
        {"TERM": "dumb"},
        {"PYTHONUTF8": "0", "LANG": "C"},
    ],
    ids=str,
)
def test_the_environment_does_not_matter(environment: dict[str, str]) -> None:
    """Without a home, in a narrow terminal, in another encoding: in a pipe always the same; errors are told in each."""
    answer = _process("a^T W^T x", "--wrt", "W", **environment)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, b"x a^T\n", b"")
    wrong = _process("A x + y^T", **environment)
    assert wrong.returncode in (2, 3)
    assert b"error[" in wrong.stderr
    assert b"Traceback" not in wrong.stderr


def test_an_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The superuser, as whom tests may run, can read every file: so the system's answer is put in its place."""
    path = tmp_path / "secret.txt"
    path.write_text("x^T x\n", encoding="utf-8")
    genuine = builtins.open

    def refusing(name: str, *arguments: object, **options: object) -> object:
        if str(name) == str(path):
            raise PermissionError(13, "Permission denied")
        return genuine(name, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(builtins, "open", refusing)
    outcome = run(["-f", str(path)])
    assert outcome.status == 2
    assert "ermission denied" in outcome.stderr


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    outcome = run(["-f", str(tmp_path)])
    assert outcome.status == 2
    assert "error[" in outcome.stderr
    outcome = run(["x^T x", "-o", str(tmp_path)])
    assert outcome.status == 2
    assert "error[" in outcome.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["hvp", "jvp", "vjp"])
@pytest.mark.parametrize(
    "text",
    ["v=__import__('os').system('true')", "v; w", "v + 1", "<script>", "\\input{x}", "exp", "", "v\u0000", '"""', "a" * 9 + "^"],
)
def test_a_direction_is_a_name_of_the_language(kind: str, text: str) -> None:
    """Whichever door it comes by: no result can hold what the language cannot name."""
    if text:
        with pytest.raises(MatdiffError) as caught:
            matdiff.differentiate("a^T x", "x", **{kind: [text]})
        assert caught.value.code == "E504" and caught.value.option == f"--{kind}"
        assert run(["a^T x", "-w", "x", f"--{kind}", text]).status == 2
    with pytest.raises(MatdiffError):
        matdiff.differentiate("a^T x", [text])


def test_names_have_one_spelling_whichever_door_they_come_by() -> None:
    assert matdiff.differentiate("λ x^T x", "λ").text == run(["λ x^T x", "-w", "λ"]).stdout.strip() == "x^T x"
    product = matdiff.differentiate("λ x^T x", "x", hvp="ω")
    assert product.text == run(["λ x^T x", "-w", "x", "--hvp", "ω"]).stdout.strip() == "2 lambda omega"
    assert "def hvp_x(lambda_, x, omega):" in product.to("numpy")
