"""Reading: text to statements, and every mistake in it with the place it points at."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import growth
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matdiff.language.errors import BadNumber, Errors, MatdiffError, UnclosedBracket
from matdiff.language.queries import post_order
from matdiff.limits import CHARACTERS, DECIMAL_EXPONENT, DIGITS, NESTING
from matdiff.read import parse as parse_module
from matdiff.read.parse import Declaration, Definition, Question, parse, parse_declaration, read
from matdiff.read.tokens import GREEK

ROOT = Path(__file__).parent.parent


def shown(text: str) -> str:
    """The last expression as nested applications: `(* (' x) A)`."""
    question = parse(text)[-1]
    assert isinstance(question, Question)
    return repr(question.expr).replace("name:", "").replace("number:", "")


def mistakes(text: str) -> list[tuple[str, str]]:
    """Code and place of every error of a text."""
    with pytest.raises(Errors) as caught:
        parse(text)
    return [(error.code, text[error.span.start : error.span.end]) for error in caught.value.errors]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Products go left to right, and a run of one kind is one node.
        ("a^T W^T x", "(* (' a) (' W) x)"),
        ("a * b @ c · d × e", "(* (*:· (* a b c) d) e)"),
        ("1/2 x^T A x", "(* (/ 1 2) (' x) A x)"),
        ("a / b / c", "(/ (/ a b) c)"),
        ("a / b * c", "(* (/ a b) c)"),
        ("x .* y .* z w", "(.* x y (* z w))"),
        ("A x .* b", "(.* (* A x) b)"),
        ("x ./ y", "(./ x y)"),
        ("x ⊙ y ⊘ z", "(./ (.* x y) z)"),
        ("(A B) C", "(* (* A B) C)"),
        # Signs bind looser than products, tighter than sums.
        ("-x^T x", "(neg (* (' x) x))"),
        ("a - b c + d", "(+ a (neg (* b c)) d)"),
        ("-a + b", "(+ (neg a) b)"),
        ("a − b – c", "(+ a (neg b) (neg c))"),
        ("- -x", "(neg (neg x))"),
        ("+x", "x"),
        ("2 * -x y", "(* 2 (neg x) y)"),
        ("a / -b", "(/ a (neg b))"),
        ("(a + b) + c", "(+ (+ a b) c)"),
        # The Frobenius product stands between.
        ("A : (W^T X)", "(: A (* (' W) X))"),
        ("X A^T : dW", "(: (* X (' A)) dW)"),
        ("T : T", "(: T T)"),
        ("A : B + c", "(+ (: A B) c)"),
        ("-A : B", "(neg (: A B))"),
        # Powers and transposes.
        ("x^T y", "(* (' x) y)"),
        ("x' y", "(* (' x) y)"),
        ("x.' y", "(* (' x) y)"),
        ("xᵀ A⊤", "(* (' x) (' A))"),
        ("x^⊤ x^(T)", "(* (' x) (' x))"),
        ("X^-1", "(^ X -1)"),
        ("X^(-1)", "(^ X -1)"),
        ("X⁻¹ X² X¹⁰", "(* (^ X -1) (^ X 2) (^ X 10))"),
        ("X^-T X^(-T) X⁻ᵀ", "(* (' (^ X -1)) (' (^ X -1)) (' (^ X -1)))"),
        ("X'^-1'", "(' (^ (' X) -1))"),
        ("x.^2 y .^ -alpha", "(* (.^ x 2) (.^ y (neg alpha)))"),
        ("x^(1/2)", "(^ x (/ 1 2))"),
        ("x^n y", "(* (^ x n) y)"),
        # T and d are names of their own elsewhere.
        ("T T^T d", "(* T (' T) d)"),
        # Norms.
        ("||A x - b||^2", "(^ (norm (+ (* A x) (neg b))) 2)"),
        ("‖x‖² + ||X||_F^2", "(+ (^ (norm x) 2) (^ (norm X) 2))"),
        ("||x||_1 y", "(* (norm1 x) y)"),
        ("||x|| ||y||", "(* (norm x) (norm y))"),
        ("|| ||x|| y||", "(norm (* (norm x) y))"),
        ("(||x|| + 1) ||y||", "(* (+ (norm x) 1) (norm y))"),
        # Calls.
        ("tr(A X)", "(tr (* A X))"),
        ("trace (A) arcsin(x) ln(y)", "(* (tr A) (asin x) (log y))"),
        ("transpose(X)", "(' X)"),
        ("outer(x, y)", "(outer x y)"),
        ("beta(x + y)", "(* beta (+ x y))"),
        ("x1(a + b) W_1 (a) λ(2 a)", "(* x1 (+ a b) W_1 a lambda (* 2 a))"),
        ("Ax Ax(b + c)", "(* Ax Ax (+ b c))"),
        ("rows(X) cols(X)", "(* (rows X) (cols X))"),
        ("e(i, n) + e (x) + e", "(+ (e i n) (* e x) e)"),
        ("ones + ones(n) + ones(m, n) + ones (x)", "(+ ones (ones n) (ones m n) (* ones x))"),
        ("zeros(n) + eye(n) + I", "(+ (zeros n) (I n) I)"),
        ("pi π", "(* pi pi)"),
        # Blocks and indices.
        ("[A, B; C, D]", "(block:2 A B C D)"),
        ("[A; B]", "(block:1 A B)"),
        ("[a + b] c", "(* (+ a b) c)"),
        ("X[i,j] x[1]", "(* (at X i j) (at x 1))"),
        ("X[:,j] + X[i,:]", "(+ (at X all j) (at X i all))"),
        ("(A B)[1,2] x [y]", "(* (at (* A B) 1 2) x y)"),
        ("x_1' x_1[i+1]", "(* (' x_1) (at x_1 (+ i 1)))"),
        # Names and numbers.
        ("2x λy βx_β", "(* 2 x lambda y beta x_beta)"),
        ("x₁ x_1 Σ", "(* x_1 x_1 Sigma)"),
        ("2.5 .5 1e3 1.5e-2", "(* 5/2 1/2 1000 3/200)"),
        ("2.*x", "(.* 2 x)"),
        ("2e x", "(* 2 e x)"),
        # Lines, comments, brackets.
        ("tr(A\n  B) # a product", "(tr (* A B))"),
        ("(a\r\n+b)", "(+ a b)"),
        ("a\u00a0b", "(* a b)"),
    ],
)
def test_expressions(text: str, expected: str) -> None:
    assert shown(text) == expected


def test_statements_of_a_text() -> None:
    text = "# shared\nW: m x n; x: m\ny = W^T x\n\na^T y wrt W, x; T = A B\nA : T"
    weights, x, y, first, product, second = parse(text)
    assert isinstance(weights, Declaration) and (weights.name, weights.kind, repr(weights.sizes[0])) == ("W", "matrix", "name:m")
    assert isinstance(x, Declaration) and (x.kind, len(x.sizes)) == ("vector", 1)
    assert isinstance(y, Definition) and text[y.span.start : y.span.end] == "y = W^T x"
    assert isinstance(first, Question) and first.wrt == ("W", "x")
    assert [text[span.start : span.end] for span in first.wrt_spans] == ["W", "x"]
    assert isinstance(product, Definition) and product.name == "T"
    assert isinstance(second, Question) and second.expr.op == ":"


def test_the_last_statement_is_an_expression_unless_more_follows() -> None:
    assert isinstance(parse("A : B")[0], Question)
    assert isinstance(parse("A: m x n", more=True)[0], Declaration)
    definition, question = parse("f = x^T x")
    assert isinstance(definition, Definition) and isinstance(question, Question) and question.expr.value == "f"
    assert len(parse("f = x^T x", more=True)) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("W: m x n", ["W matrix None name:m name:n"]),
        ("W: m×n", ["W matrix None name:m name:n"]),
        ("W: 3 X 4", ["W matrix None number:3 number:4"]),
        ("a, b: n", ["a vector None name:n", "b vector None name:n"]),
        ("c: scalar", ["c scalar None"]),
        ("β: n + 1", ["beta vector None (+ name:n number:1)"]),
        ("x: 2 n - 1", ["x vector None (+ (* number:2 name:n) (neg number:1))"]),
        ("X: m n x m*n", ["X matrix None (* name:m name:n) (* name:m name:n)"]),
        ("X: (m + 1) n x 2", ["X matrix None (* (+ name:m number:1) name:n) number:2"]),
        ("S: symmetric n", ["S matrix symmetric name:n name:n"]),
        ("S: spd n x n", ["S matrix spd name:n name:n"]),
        ("Q: orthogonal 3", ["Q matrix orthogonal number:3 number:3"]),
        ("T: m x n x p", ["T tensor None name:m name:n name:p"]),
    ],
)
def test_declarations(text: str, expected: list[str]) -> None:
    found = [f"{d.name} {d.kind} {' '.join(map(str, (d.property, *d.sizes)))}" for d in parse_declaration(text)]
    assert found == expected


@pytest.mark.parametrize(
    ("text", "problem", "place"),
    [
        ("W: 3 by 4", "by", "by"),
        ("W: 3 4", "by", "4"),
        ("W: m, n", "by", ","),
        ("A m x n", "no-colon", "A m x n"),
        ("A: symmetric n x n x n", "square", "n x n x n"),
        ("S: symetric n", "property", "symetric"),
        ("S: symmetric m x n", "square", "m x n"),
        ("A:", "no-size", ":"),
        ("A: symmetric", "no-size", ""),
        ("A: 0 x n", "size", "0"),
        ("x: 1.5", "size", "1.5"),
        ("2: n", "name", "2"),
        (": n", "name", ":"),
        ("A: m x", "syntax", ""),
        ("", "empty", ""),
    ],
)
def test_bad_declarations(text: str, problem: str, place: str) -> None:
    with pytest.raises(Errors) as caught:
        parse_declaration(text)
    (error,) = caught.value.errors
    assert (error.code, error.problem, error.exit_status) == ("E206", problem, 2)  # type: ignore[attr-defined]
    assert text[error.span.start : error.span.end] == place  # type: ignore[attr-defined]


def test_a_bad_declaration_in_a_text_is_a_wrong_expression() -> None:
    with pytest.raises(Errors) as caught:
        parse("S: symetric n; tr(S)")
    assert caught.value.exit_status == 3


@pytest.mark.parametrize("name", ["exp", "I", "wrt", "pi", "trace", "eye", "rows"])
def test_reserved_names(name: str) -> None:
    assert ("E204", name) in mistakes(f"{name} = A B; tr(A)")
    with pytest.raises(Errors, match="E204"):
        parse_declaration(f"{name}: n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("E103", "")]),
        ("# nothing", [("E103", "")]),
        ("a)", [("E101", ")")]),
        ("tr(X^T (A X)", [("E102", "(")]),
        ("log(det(X)", [("E102", "(")]),
        ("||x|_2", [("E102", "||")]),
        ("[a)", [("E102", "[")]),
        ("(a; b", [("E102", "(")]),
        ("logdte(X) + tr(A X", [("E102", "("), ("E201", "logdte")]),
        ("x^T A +", [("E103", "")]),
        ("y = ; y", [("E103", "")]),
        ("* x", [("E101", "*")]),
        ("x + * y", [("E101", "*")]),
        ("x^T ()", [("E101", ")")]),
        ("tr(X^)", [("E101", ")")]),
        ("a, b", [("E101", ",")]),
        ("x wrt", [("E103", "")]),
        ("x wrt 2", [("E101", "2")]),
        ("(x wrt y)", [("E101", "wrt")]),
        ("2 = x", [("E101", "=")]),
        ("x^2^3", [("E101", "^3")]),
        ("[A, B; C]", [("E101", "C")]),
        ("_x^T _x", [("E101", "_x"), ("E101", "_x")]),
        ("x ∀ y", [("E101", "∀")]),
        ("x ** 2", [("E104", "**")]),
        ("X.T @ y", [("E104", ".T")]),
        ("|x^2", [("E104", "|")]),
        ("x ^. 2", [("E104", "^.")]),
        ("x *. y", [("E104", "*.")]),
        ("x == y", [("E104", "==")]),
        ("x % 2", [("E104", "%")]),
        ("np.linalg.inv(X)", [("E104", "np.linalg.inv")]),
        ("\\alpha x", [("E105", "\\alpha")]),
        ("log det + 1", [("E106", "det")]),
        ("prod_{i|n} x_i", [("E110", "prod_")]),
        ("∏_{i~j} x_i", [("E110", "∏")]),
        ('einsum("i..., i", A, x)', [("E110", 'einsum("i..., i", A, x)')]),
        ("x^T K(theta) x", [("E210", "K(theta)")]),
        ("f(x, y)", [("E210", "f(x, y)")]),
        ("x + mean", [("E106", "mean")]),
        ("x^Ty", [("E107", "Ty")]),
        ("x^TAx", [("E107", "TAx")]),
        ("xᵀ А x", [("E108", "А")]),
        ("logdte(X)", [("E201", "logdte")]),
        ("exp() + kappa(2 x) + tr(X, Y)", [("E202", "exp()"), ("E202", "tr(X, Y)")]),
        ("ones(m, n, k)", [("E202", "ones(m, n, k)")]),
        ("y = A y + x; y^T y", [("E207", "")]),
        ("x / 0", [("E309", "0")]),
        ("x ./ 0.0", [("E309", "0.0")]),
        # One bad statement does not hide the next one's mistakes.
        ("tr(A; x +; y)", [("E102", "("), ("E103", ""), ("E101", ")")]),
        ("x )\n(y\nz *", [("E101", ")"), ("E102", "("), ("E103", "")]),
    ],
)
def test_mistakes(text: str, expected: list[tuple[str, str]]) -> None:
    with pytest.raises(Errors) as caught:
        parse(text)
    found = []
    for error in caught.value.errors:
        span = getattr(error, "span", None)
        found.append((error.code, "" if span is None else text[span.start : span.end]))
    assert found == expected


def test_names_that_begin_with_t_can_be_powers() -> None:
    assert shown("x^Total") == "(^ x Total)"
    assert shown("Ty x^T") == "(* Ty (' x))"


def test_known_names_are_no_misspelt_functions() -> None:
    assert isinstance(parse("Ax(b + c)", known=["Ax"])[0], Question)
    assert mistakes("Ax(b + c)") == [("E201", "Ax")]


def test_names_that_occur_twice() -> None:
    with pytest.raises(Errors) as caught:
        parse("W: m x n; W: n x k; y = x; y = z; tr(W)")
    assert [error.code for error in caught.value.errors] == ["E205", "E205"]


def test_circles_of_definitions() -> None:
    with pytest.raises(Errors) as caught:
        parse("y = W^T z; z = A y; u = u + y; v = u; a^T z")
    circles = [error.uses for error in caught.value.errors]  # type: ignore[attr-defined]
    assert [[name for name, _, _ in uses] for uses in circles] == [["y", "z"], ["u"]]
    assert len(parse("y = z; z = u; u = x; y")) == 4


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("2.*x", ["W603"]),
        ("2 .* x", []),
        ("2.5.*x", []),
        ("alpha / beta gamma", ["W604"]),
        ("1/2 x", []),
        ("1/n x", []),
        ("(a / b) c", []),
        ("a / b * c", []),
        ("y = a / b c; y", ["W604"]),
        ("[1 2; 3 4]", ["W613", "W613"]),
        ("x(1)^2 + x(2)^2", ["W613", "W613"]),
        ("2 x (3)", []),
        ("2 * 3 x + lambda(2)", []),
    ],
)
def test_remarks(text: str, codes: list[str]) -> None:
    statements = [s for s in parse(text) if not isinstance(s, Declaration)]
    assert [remark.code for statement in statements for remark in statement.remarks] == codes


def test_spans_are_the_text_of_every_part() -> None:
    text = "y = x; (A + B) x - tr(C D)^2"
    question = parse(text)[-1]
    assert isinstance(question, Question)
    spans = {text[node.span.start : node.span.end] for node in post_order(question.expr) if node.span}
    assert {"(A + B)", "(A + B) x", "- tr(C D)^2", "tr(C D)^2", "tr(C D)", "C D", "(A + B) x - tr(C D)^2"} <= spans


# Limits


@pytest.mark.parametrize(
    "text",
    [
        "x" * (CHARACTERS + 1),
        "x + " * 150_000,
        "(" * (NESTING + 1),
        "tanh(" * (NESTING + 1) + "x" + ")" * (NESTING + 1),
        "x" + "'" * 3000,
        "-" * 3000 + "x",
        "/".join("a" * 3000),
        f"1e{DECIMAL_EXPONENT + 1}",
        "1e" + "9" * 5000,
        "1" * (DIGITS + 1),
        "x" + "²" * 5000,
        "||" * 3000,
    ],
    ids=lambda text: f"{text[:8]}...{len(text)}",
)
def test_limits(text: str) -> None:
    with pytest.raises(Errors) as caught:
        parse(text)
    assert [(error.code, error.exit_status) for error in caught.value.errors] == [("E405", 4)]


def test_long_input_within_the_limits() -> None:
    (total,) = parse("+".join(["a x"] * 10_000))
    assert isinstance(total, Question) and len(total.expr.args) == 10_000
    (product,) = parse(" ".join(["A"] * 1000))
    assert isinstance(product, Question) and len(product.expr.args) == 1000
    assert len(parse("tanh(" * 150 + "x" + ")" * 150)) == 1
    assert len(parse("\n".join(f"y{i + 1} = tanh(W y{i})" for i in range(1000)) + "\ny1000")) == 1001


def test_brackets_without_a_partner_cost_what_other_lines_do() -> None:
    def work(text: str) -> int:
        assert read(text).failed
        return growth.calls(lambda: read(text))

    lines = "a\n" * 4000
    assert work("(a\n" * 150 + lines) < 1.1 * work("(a\n" * 50 + lines)
    assert work("x )\n" * 2000) < 4.4 * work("x )\n" * 500)


# Two parsers, one result

SAMPLES = [
    "a^T W^T x - ||A x - b||_2^2 / 2 + [A, B; C, D][1,2]",
    "W: m x n; S: symmetric n + 1; y = W^T x; tr(S) wrt W",
    "x + * y",
    "tr(A X",
    "2.*x + λ",
    "x^T A +",
]


def _outcome(text: str) -> str:
    try:
        statements = parse(text)
    except Errors as errors:
        return str(errors)
    spans = [[str(node.span) for node in post_order(s.expr)] for s in statements if not isinstance(s, Declaration)]
    return f"{statements} {spans}"


def _grammar_copy(tmp_path: Path) -> Path:
    """A copy of the package with a freshly generated parser."""
    import shutil

    shutil.copytree(ROOT / "matdiff", tmp_path / "matdiff", ignore=shutil.ignore_patterns("__pycache__", "_grammar.py*"))
    shutil.copytree(ROOT / "grammar", tmp_path / "grammar", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def _run(code: str, root: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(Path(__file__).parent)])}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.slow
def test_generated_parser_and_lark_agree(tmp_path: Path) -> None:
    root = _grammar_copy(tmp_path)
    code = (
        "import sys, importlib.util\n"
        f"spec = importlib.util.spec_from_file_location('tests_of_parse', {str(Path(__file__))!r})\n"
        "tests = importlib.util.module_from_spec(spec); spec.loader.exec_module(tests)\n"
        "from matdiff.read import parse\n"
        "print(type(parse._load_parser()).__name__)\n"
        "print([tests._outcome(text) for text in tests.SAMPLES])\n"
    )
    by_lark = _run(code, root).splitlines()
    subprocess.run([sys.executable, str(root / "grammar" / "hatch_build.py")], check=True)
    generated = _run(code, root).splitlines()
    with open(root / "grammar" / "matdiff.lark", "a", encoding="utf-8") as grammar:
        grammar.write("// changed since\n")
    stale = _run(code, root).splitlines()
    assert (by_lark[0], generated[0], stale[0]) == ("LarkParser", "Parser", "LarkParser")
    assert by_lark[1] == generated[1] == stale[1]


def test_both_parsers_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    with_what_is_here = [_outcome(text) for text in SAMPLES]
    monkeypatch.setattr(parse_module, "_parser", parse_module._lark_parser(parse_module.read_grammar("matdiff.lark")))
    assert [_outcome(text) for text in SAMPLES] == with_what_is_here


@pytest.mark.slow
def test_the_generated_parser_does_not_load_lark(tmp_path: Path) -> None:
    root = _grammar_copy(tmp_path)
    subprocess.run([sys.executable, str(root / "grammar" / "hatch_build.py")], check=True)
    text = (root / "matdiff" / "read" / "_grammar.py").read_text(encoding="utf-8")
    assert text.rstrip().endswith(f"CHECKSUM = {zlib.crc32((root / 'grammar' / 'matdiff.lark').read_bytes())}")
    assert _run("import sys; from matdiff.read.parse import parse; parse('x'); print('lark' in sys.modules)", root) == "False\n"


def test_threads_share_the_parser() -> None:
    results: list[str] = []
    threads = [threading.Thread(target=lambda: results.extend(_outcome(text) for text in SAMPLES * 10)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == sorted([_outcome(text) for text in SAMPLES] * 40)


def test_greek_letters_are_in_the_grammar() -> None:
    for letter, name in GREEK.items():
        expr = parse(f"x {letter}")[0]
        assert isinstance(expr, Question) and repr(expr.expr.args[1]) in (f"name:{name}", name), letter


_PIECES = st.sampled_from(
    "x A W y T I ones pi tr det exp ( ) [ ] || | + - * / .* ./ ^ .^ ^T ' ² ᵀ , ; : = wrt \n # 2 1.5 1e3 . _x ** \\ \\top А λ e "
    "rows { $ == x: scalar symmetric m n e( inv( 2.* .T @ \t \x1b ⁻¹ ‖ ||_2 X[ Ty".split(" ")
)


@given(st.lists(_PIECES, max_size=15), st.booleans())
@settings(deadline=None)
def test_any_text_is_read_or_refused(pieces: list[str], spaced: bool) -> None:
    text = (" " if spaced else "").join(pieces)
    for reader in (parse, parse_declaration):
        try:
            reader(text)
        except Errors as errors:
            assert errors.errors and all(isinstance(error, MatdiffError) for error in errors.errors)


@pytest.mark.parametrize(
    ("text", "written", "problem", "meant"),
    [
        ("1.2.3 x", "1.2.3", "points", ""),
        ("1..2 x", "1..2", "points", "1.2"),
        (".5.5 x", ".5.5", "points", ""),
        ("1e5.2 x", "1e5.2", "points", ""),
        ("1e5e3 x", "1e5e3", "exponents", ""),
        ("1.5e-3E2 x", "1.5e-3E2", "exponents", ""),
        ("0x10 x", "0x10", "base", "16"),
        ("0XfF x", "0XfF", "base", "255"),
        ("0b101 x", "0b101", "base", "5"),
        ("0o17 x", "0o17", "base", "15"),
        ("1_000 x", "1_000", "groups", "1000"),
        ("1_000_000.5 x", "1_000_000.5", "groups", "1000000.5"),
        ("1'000 x", "1'000", "groups", "1000"),
        ("x1.2", ".2", "factor", ""),
        ("(x + y).5", ".5", "factor", ""),
        ("x[1].5", ".5", "factor", ""),
        ("A^T.5", ".5", "factor", ""),
    ],
)
def test_digits_that_are_no_number(text: str, written: str, problem: str, meant: str) -> None:
    with pytest.raises(Errors) as caught:
        parse(text)
    (error,) = caught.value.errors
    assert isinstance(error, BadNumber)
    assert (error.written, error.problem, error.meant) == (written, problem, meant)
    assert text[error.span.start : error.span.end] == written


@pytest.mark.parametrize("text", ["2e5x", "0xy", "0 x10", "3x_1", "2.5x", "1 2 x", "2 .5 x", "3'x", "x'3", "x' 3", "12e3f"])
def test_numbers_and_names_side_by_side_are_products(text: str) -> None:
    (question,) = parse(text)
    assert isinstance(question, Question)
    assert question.expr.op == "*"


@pytest.mark.parametrize(
    ("text", "broken", "good"),
    [
        ("x^T x\nx^T (\nx^T A x\n", ["x^T ("], ["x^T x", "x^T A x"]),
        ("x^T (\n\nx^T A x", ["x^T ("], ["x^T A x"]),
        ("x^T (\ntr(A\n-x^T x", ["x^T (", "tr(A"], ["-x^T x"]),
        ("B = [A, A;\n  A, A\nx^T x", ["B = [A, A;\n  A, A"], ["x^T x"]),
        ("B = [A, A;\nA, A\nx^T x", ["B = [A, A;\nA, A"], ["x^T x"]),
        ("tr(A *\nB\nx^T x", ["tr(A *\nB"], ["x^T x"]),
        ("tr(A\n+ B\nx^T x", ["tr(A\n+ B"], ["x^T x"]),
        ("tr(A\n  B\n  C", ["tr(A\n  B\n  C"], []),
        ("  tr(A\n  x^T x", ["tr(A"], ["x^T x"]),
        ("||x\nx^T x wrt x", ["||x"], ["x^T x wrt x"]),
        ("x[1\nx: n\nx^T x", ["x[1"], ["x: n", "x^T x"]),
        ("x[1\na, b: n\nx^T a", ["x[1"], ["a, b: n", "x^T a"]),
        ("tr(x\nA x; x", ["tr(x"], ["A x", "x"]),
        ("tr(x; x\nx", ["tr(x"], ["x", "x"]),
        ("tr(||A\n||x||", ["tr(||A"], ["||x||"]),
        ("tr(A\n" * 300 + "x", ["tr(A"] * 300, ["x"]),
        ("(" * 5 + "\n" + "x\n" * 3, ["((((("], ["x", "x", "x"]),
        ("tr(A x\n)", [], ["tr(A x\n)"]),
    ],
)
def test_an_unclosed_bracket_ends_with_its_line(text: str, broken: list[str], good: list[str]) -> None:
    """Where the next line reads alone; and the statements around it are read."""
    reading = read(text)
    assert [error.code for _, errors in reading.failed for error in errors] == ["E102"] * len(broken)
    for (_, errors), statement in zip(reading.failed, broken):
        assert isinstance(errors[0], UnclosedBracket)
        assert text[: errors[0].end.end].endswith(statement)
    declared = {}
    for statement in reading.statements:
        declared[statement.span.start] = text[statement.span.start : statement.span.end]
    assert [shown for _, shown in sorted(declared.items())] == good
