"""Kinds and sizes: what every expression and variable is found to be, what is refused, and what is said about it."""

from __future__ import annotations

import json
from pathlib import Path

import growth
import pytest

from matdiff.infer.fits import readings_of
from matdiff.infer.infer import Typed, infer
from matdiff.infer.shapes import Shaping
from matdiff.infer.unify import Sizes
from matdiff.infer.whole import MOST_READINGS, Whole
from matdiff.language import errors
from matdiff.language.dims import size
from matdiff.language.kinds import Variable, default_kind
from matdiff.language.queries import post_order
from matdiff.language.syntax import Expr
from matdiff.mistakes.proposals import proposals
from matdiff.read.parse import Declaration, Definition, Question, parse, parse_declaration

CORPUS = Path(__file__).parent / "corpus"


def typed(text: str, *variables: str, wrt: str = "", soft: bool = True) -> Typed:
    declarations = [declaration for one in variables for declaration in parse_declaration(one)]
    statements = parse(text, known=[declaration.name for declaration in declarations])
    declarations = [one for one in statements if isinstance(one, Declaration)] + declarations
    definitions = {one.name: one.expr for one in statements if isinstance(one, Definition)}
    question = statements[-1]
    assert isinstance(question, Question)
    return infer(question.expr, declarations, definitions, wrt=question.wrt or tuple(wrt.split()), soft=soft)


def spelled(shape: object) -> str:
    rows, columns = shape  # type: ignore[misc]
    return "1" if rows.is_one and columns.is_one else str(rows) if columns.is_one else f"{rows} x {columns}"


def sizes_of(result: Typed) -> str:
    return ", ".join(f"{name}: {spelled(variable.shape)}" for name, variable in result.variables.items())


def refused(text: str, *variables: str, wrt: str = "") -> errors.MatdiffError:
    with pytest.raises(errors.MatdiffError) as caught:
        typed(text, *variables, wrt=wrt)
    return caught.value


@pytest.mark.parametrize(
    ("text", "variables", "shape"),
    [
        ("a^T W^T x", "a: n, W: m x n, x: m", "1"),
        ("||y - X w||^2", "y: m, X: m x n, w: n", "1"),
        ("W^T x", "W: m x n, x: m", "n"),
        ("logsumexp(A x + b)", "A: m x n, x: n, b: m", "1"),
        ("x^T A x", "x: n, A: n x n", "1"),
        ("a^T x", "a: n, x: n", "1"),
        ("x y^T", "x: m, y: n", "m x n"),
        ("tr(A X B)", "A: m x n, X: n x p, B: p x m", "1"),
        ("n^T X", "n: m, X: m x p", "1 x p"),
        ("theta A", "theta: 1, A: m x n", "m x n"),
        ("x x^T x", "x: n", "n"),
        ("x / (x^T x)", "x: n", "n"),
        ("1 ./ X", "X: m x n", "m x n"),
        ("1 + exp(x)", "x: n", "n"),
        ("x - mean(x)", "x: n", "n"),
        ("A x - log(sum(exp(A x)))", "A: m x n, x: n", "m"),
        ("y - X w - mean(y - X w)", "y: m, X: m x n, w: n", "m"),
        ("x .^ y", "x: n, y: n", "n"),
        ("2 .^ x", "x: n", "n"),
        ("X^-2", "X: n x n", "n x n"),
        ("X^(4 - 1)", "X: n x n", "n x n"),
        ("diag(x) X", "x: m, X: m x n", "m x n"),
        ("diag(X)", "X: n x n", "n"),
        ("outer(a, b)", "a: m, b: n", "m x n"),
        ("A : B", "A: m x n, B: m x n", "1"),
        ("alpha : beta", "alpha: 1, beta: 1", "1"),
        ("[A, B; C, D]", "A: m x n, B: m x p, C: q x n, D: q x p", "m + q x n + p"),
        ("[A, b; c^T, delta]", "A: m x n, b: m, c: n, delta: 1", "m + 1 x n + 1"),
        ("[A, B; I, zeros(n, p)]", "A: m x n, B: m x p", "m + n x n + p"),
        ("tr(kron(X, A))", "X: n x n, A: m x m", "1"),
        ("inv(kron(X, A))", "X: n x n, A: m x m", "m n x m n"),
        ("X[1,2] + X[:,1]^T X[:,2]", "X: m x n", "1"),
        ("X[1,:] y", "X: m x n, y: n", "1"),
        ("x[2] X", "x: p, X: m x n", "m x n"),
        ("rows(X) cols(X)", "X: m x n", "1"),
        ("A ones ones^T B", "A: m x n, B: p x q", "m x q"),
        ("ones(n)^T x", "x: n", "1"),
        ("ones(n, k) X", "X: k x m", "n x m"),
        ("x^T eye(3) x", "x: 3", "1"),
        ("x^T eye(3)^2 x", "x: 3", "1"),
        ("kron(A, B) x", "A: m x n, B: p x q, x: n q", "m p"),
        ("vec(A X B)", "A: m x n, X: n x p, B: p x q", "m q"),
    ],
)
def test_shapes_without_declarations(text: str, variables: str, shape: str) -> None:
    result = typed(text)
    assert sizes_of(result) == variables
    assert spelled(result.expr.shape) == shape


@pytest.mark.parametrize(
    ("text", "declared", "variables"),
    [
        ("kron(A, B) x", ["A: 2 x k", "x: 6"], "A: 2 x k, B: None, x: 6"),
        ("kron(A, B) x", ["A: 2 x 2", "x: 6"], "A: 2 x 2, B: n x 3, x: 6"),
        ("kron(A, A) x", ["x: 9"], "A: n x 3, x: 9"),
        ("kron(A, B) x", ["A: 2 x m", "x: m n"], "A: 2 x m, B: p x n, x: m n"),
        ("[A; B] x + [a; b]", ["A: m x n", "a: m"], "A: m x n, B: p x n, x: n, a: m, b: p"),
        ("D x", ["D: n-1 x n"], "D: n - 1 x n, x: n"),
        ("A x", ["A: 1 x n"], "A: 1 x n, x: n"),
        ("B x y", ["B: 1 x 1"], None),
        ("A x", ["A: 3 x 1", "x: scalar"], "A: 3, x: 1"),
        ("y^T y", ["y: k", "x: n"], "y: k"),
        ("x - mean(y)", ["x: n", "y: m"], "x: n, y: m"),
    ],
)
def test_declared_sizes(text: str, declared: list[str], variables: str | None) -> None:
    if variables is None or "None" in variables:
        assert refused(text, *declared).code in ("E301", "E312")
    else:
        assert sizes_of(typed(text, *declared)) == variables


def test_definitions_are_typed_in_dependency_order_and_keep_their_names() -> None:
    result = typed("r = V h - y; z = W x + b; h = tanh(z); unused = Q q; 1/2 r^T r", wrt="W")
    assert list(result.definitions) == ["z", "h", "r"]
    assert sizes_of(result) == "W: m x n, x: n, b: m, V: p x m, y: p"
    assert [node.op for node in post_order(result.expr) if node.value == "r"] == ["name", "name"]


def test_a_definition_can_be_the_variable() -> None:
    result = typed("z = W x; z^T z", "W: m x n", wrt="z")
    assert sizes_of(result) == "z: m"
    assert result.definitions == {}
    assert sizes_of(typed("z = W x; z^T x", wrt="z")) == "x: n, z: n"


def test_kinds_by_spelling() -> None:
    kinds = {"vector": "x b1 dX e", "matrix": "X Sigma Wx", "scalar": "beta beta_1 mu2"}
    assert all(default_kind(name) == kind for kind, names in kinds.items() for name in names.split())


@pytest.mark.parametrize("text", ["(b + 1)^2 x", "(b + 1) x", "exp(-(y - 1)^2)"])
def test_no_power_or_product_makes_a_number_of_a_letter_that_is_none(text: str) -> None:
    with pytest.raises(errors.MatdiffError, match=r"E307|E301"):
        typed(text)


@pytest.mark.parametrize(
    ("text", "kinds", "marks"),
    [
        ("1/n ||X w - y||^2", {"n": "scalar"}, []),
        ("1/(2 s^2) ||x - m||^2", {"s": "scalar"}, []),
        ("softmax(q^T k / sqrt(d))", {"d": "scalar"}, []),
        ("X / tau", {}, []),
        ("expm(A t)", {"t": "scalar"}, []),
        ("C (s I - A)^-1 B", {"s": "scalar"}, []),
        ("C - y1 A1 - y2 A2", {"y1": "scalar", "y2": "scalar"}, []),
        ("c x + d", {"c": "scalar"}, []),
        ("x exp(-k t)", {"k": "scalar", "t": "scalar"}, []),
        ("(x^T y + c)^d", {"c": "scalar", "d": "scalar"}, []),
        ("k/2 (||x1 - x2|| - l)^2", {"k": "scalar", "l": "scalar"}, []),
        ("K/2 (det(F) - 1)^2", {"K": "scalar"}, []),
        ("N log(y' M y)", {"N": "scalar"}, []),
        ("T Q T^T + B I", {"B": "scalar"}, []),
        ("log(det(x))", {"x": "matrix"}, []),
        ("tr(sigma)", {"sigma": "matrix"}, []),
        ("theta^T X theta", {"theta": "vector"}, []),
        ("beta' X' X beta", {"beta": "vector"}, []),
        ("w^T mu", {"mu": "vector"}, []),
        ("||x - W (mu + sigma .* eps)||^2", {"mu": "vector", "sigma": "vector"}, []),
        ("(x - mu)^T Sigma^-1 (x - mu)", {"mu": "vector"}, []),
        ("gamma * z + beta", {"beta": "vector"}, []),
        ("||x - mu||^2 + log(mu)", {}, []),
        ("sigma W x", {}, []),
        ("alpha .* X", {}, []),
        ("sum(x^2)", {}, ["entries"]),
        ("sum(sqrt(1 + (X w - y)^2) - 1)", {}, ["entries"]),
        ("x^T A x / x^T x", {}, ["quotient"]),
        ("1/2 x^T x", {}, []),
    ],
)
def test_the_fewest_departures(text: str, kinds: dict[str, str], marks: list[str]) -> None:
    """Every departure is told, and nothing else departs; without them the text does not read so."""
    remarks = typed(text).remarks
    assert {one.variable: one.kind for one in remarks if isinstance(one, errors.SoftKind)} == kinds
    assert [one.way for one in remarks if isinstance(one, errors.MarkRead)] == marks
    assert all(one.departs for one in remarks if isinstance(one, (errors.SoftKind, errors.MarkRead)))


@pytest.mark.parametrize(
    ("text", "count"), [("x y", 3), ("x^2", 2), ("y log(p)", 3), ("x sin(x)", 3), ("g v / ||v||", 4), ("n log(s)", 2)]
)
def test_readings_that_are_equally_likely(text: str, count: int) -> None:
    """They cost the same, nobody chooses, and the search finds the same ones again."""
    found = [readings_of(refused(text).whole) for _ in range(2)]
    assert len(found[0]) == count
    assert len({reading.cost for reading in found[0]}) == 1
    assert [(one.kinds, [mark.way for mark in one.marks]) for one in found[0]] == [
        (one.kinds, [mark.way for mark in one.marks]) for one in found[1]
    ]


def test_the_search_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many names might be numbers, so many attempts are made."""
    attempts = 0
    shaped = Whole.shaped

    def counted(whole: Whole, shaping: Shaping) -> object:
        nonlocal attempts
        attempts += 1
        return shaped(whole, shaping)

    monkeypatch.setattr(Whole, "shaped", counted)
    names = [f"{letter}{number}" for letter in "cdfghjklmnpqrst" for number in range(4)]
    refused(f"{' '.join(names)} + x y")
    assert attempts <= MOST_READINGS + 2


def test_a_declaration_is_never_departed_from() -> None:
    assert refused("1/n ||X w - y||^2", "n: k").code == "E308"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("(x - mu)^T inv(S) (x - mu)", []),
        ("||x - mu||^2 + log(mu)", ["mu"]),
        ("sum(1 + exp(x))", []),
        ("x^T (A + lambda I) x", []),
    ],
)
def test_a_name_that_is_added_to_every_entry_is_told(text: str, names: list[str]) -> None:
    found = [remark for remark in typed(text).remarks if isinstance(remark, errors.ScalarPlusVector)]
    assert [remark.variable for remark in found] == names
    assert [text[remark.scalar.start : remark.scalar.end] for remark in found] == names


@pytest.mark.parametrize(
    ("text", "wrt", "name", "kind"),
    [
        ("x^T A x + c", "x", "c", "scalar"),
        ("sum(exp(x)) + c", "x", "c", "scalar"),
        ("||A x - b||^2 - c", "x", "c", "scalar"),
    ],
)
def test_soft_kinds(text: str, wrt: str, name: str, kind: str) -> None:
    result = typed(text, wrt=wrt)
    assert result.variables[name].kind == kind
    (remark,) = [remark for remark in result.remarks if not isinstance(remark, errors.ScalarPlusVector)]
    assert isinstance(remark, errors.SoftKind)
    assert (remark.variable, remark.kind, remark.code) == (name, kind, "W601")
    with pytest.raises(errors.MatdiffError):
        typed(text, wrt=wrt, soft=False)


@pytest.mark.parametrize(
    ("text", "wrt"),
    [
        ("x y", ""),
        ("x^2", ""),
        ("y log(p)", ""),
        ("x^T A x + b", "b"),
        ("X W + b", ""),
        ("x^T A x + c + c y", ""),
        ("x y + beta", ""),
    ],
)
def test_soft_kinds_stay_narrow(text: str, wrt: str) -> None:
    assert refused(text, wrt=wrt).code in ("E301", "E302", "E307")


@pytest.mark.parametrize(
    ("text", "declared", "code", "fixes"),
    [
        ("a^T W x", ["W: m x n", "x: m"], "E301", ["a^T W^T x"]),
        (
            "x y",
            [],
            "E301",
            ["x^T y", "x y^T", "x .* y"],
        ),
        ("x A x^T", [], "E301", ["x^T A x"]),
        ("(X X)^-1 X^T y", ["X: m x n", "y: m"], "E301", ["(X^T X)^-1 X^T y"]),
        ("A x^T y", [], "E301", ["A (x^T y)"]),
        ("a^T X b", ["a: n", "X: m x n", "b: n"], "E301", []),
        ("A: 3 x 4; x: 5; A x", [], "E301", []),
        ("x^T x + b", ["b: n"], "E302", ["x^T x + b^T x", None]),
        ("A X - X^T", ["X: n x k", "A: n x n"], "E302", ["A X - X"]),
        ("X W + b", [], "E302", ["X W + ones b^T", "X W + b ones^T"]),
        ("||Ax - b||^2", [], "E302", ["||A x - b||^2"]),
        ("x .* A", [], "E303", ["diag(x) A"]),
        ("sum(A .* B)", ["A: m x n", "B: n x m"], "E303", ["sum(A .* B^T)"]),
        ("det(X^T y)", [], "E304", []),
        ("logdet(W)", ["W: m x n"], "E304", ["logdet(W^T W)"]),
        ("tr(X^2)", ["X: m x n"], "E304", ["tr(X^T X)"]),
        ("logsumexp(X)", [], "E305", None),
        ("[A, B]", ["A: m x n", "B: p x n"], "E306", None),
        ("x^2", [], "E307", ["x^T x", "x.^2"]),
        ("X^x", ["X: n x n", "x: n"], "E307", []),
        (
            "tr(A/B)",
            ["A: n x n", "B: n x n"],
            "E308",
            ["tr(A B^-1)", "tr(A ./ B)"],
        ),
        ("x^T x / (2 - 2)", [], "E309", None),
        ("x ./ (1 - 1)", [], "E309", None),
        ("x[4]", ["x: 3"], "E310", None),
        ("X[0,1]", [], "E310", None),
        ("X[1]", [], "E305", None),
        ("dot(x, y)", ["x: n", "y: m"], "E311", None),
        ("vec(A)^T kron(x, y)", [], "E312", None),
        ("y: k; y = W x; y^T y", ["W: m x n"], "E313", None),
    ],
)
def test_refused(text: str, declared: list[str], code: str, fixes: list[str] | None) -> None:
    error = refused(text, *declared)
    assert error.code == code
    assert "?" not in str(error), "an invented size has a name a user can read"
    if fixes is not None:
        assert [help.replacement for help in proposals(error, text).help] == fixes


def test_an_error_says_where_sizes_come_from() -> None:
    error = refused("x^T A x + y^T A y", "x: n", "y: m")
    assert isinstance(error, errors.ProductSizes)
    assert error.rigid == ("m", "n")
    (reason,) = error.reasons
    assert (reason.variable, reason.axis, reason.size, str(reason.span)) == ("A", 0, "n", "0:5")


@pytest.mark.parametrize(
    ("text", "wrt", "split"),
    [("a^T W^T x", "w", None), ("||Ax - b||^2", "x", "||A x - b||^2"), ("x'Ax", "A", "x'A x")],
)
def test_unknown_variable(text: str, wrt: str, split: str | None) -> None:
    error = refused(text, wrt=wrt)
    assert isinstance(error, errors.UnknownVariable)
    assert [help.replacement for help in proposals(error, text).help] == [split]


def test_circular_definitions_name_the_circle() -> None:
    question = Expr("name", value="y")
    definitions = {"y": Expr("tanh", (Expr("name", value="z"),)), "z": Expr("exp", (Expr("name", value="y"),))}
    with pytest.raises(errors.CircularDefinition) as caught:
        infer(question, {}, definitions)
    assert [(name, needed) for name, needed, _ in caught.value.uses] == [("y", "z"), ("z", "y")]


@pytest.mark.parametrize(
    ("declared", "code"),
    [(["X: m x n", "X: n x m"], "E205"), (["S: symmetric n", "S: n x n"], "E205"), (["exp: n"], "E204"), (["I: n x n"], "E204")],
)
def test_bad_declarations(declared: list[str], code: str) -> None:
    with pytest.raises((errors.MatdiffError, errors.Errors)) as caught:
        typed("x^T x", *declared)
    error = caught.value
    assert (error.errors[0] if isinstance(error, errors.Errors) else error).code == code  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "declared", "codes"),
    [
        ("a^T W^T x + x^T W^T a", [], ["W602"]),
        ("x^T A x", [], []),
        ("b^T A x + x^T A x", [], []),
        ("x^T A y + y^T A x + logdet(A)", [], []),
        ("x^T A y + y^T A x", ["x: n", "y: n"], []),
        ("tr(exp(X))", [], ["W605"]),
        ("exp(X)", [], []),
        ("X + lambda", ["X: n x n"], ["W607"]),
        ("tr(1 - tanh(X).^2)", [], []),
        ("X + lambda", [], ["W612"]),
    ],
)
def test_remarks(text: str, declared: list[str], codes: list[str]) -> None:
    assert [remark.code for remark in typed(text, *declared).remarks] == codes


def test_w602_shows_both_places() -> None:
    (remark,) = typed("a^T W^T x + x^T W^T a").remarks
    assert isinstance(remark, errors.ForcedSquare)
    assert (str(remark.columns), str(remark.rows), remark.size) == ("(4:5, 'a')", "(16:17, 'a')", "n")


@pytest.mark.parametrize("rows_and_columns", [("n", "n"), ("n", 1), (1, 1)])
def test_rules_of_the_function_table(rows_and_columns: tuple[str | int, str | int]) -> None:
    shape = size(rows_and_columns[0]), size(rows_and_columns[1])
    declared = {name: Variable(name, "matrix", shape) for name in ("X", "Y", "dX")}
    question = parse("Y .* dX ./ X")[0]
    assert isinstance(question, Question)
    assert infer(question.expr, declared, {}, soft=False).expr.shape == shape


def test_equations_between_sizes() -> None:
    def failure() -> errors.MatdiffError:
        return errors.DivisionByZero(span=None)

    m, n, k = size("m"), size("n"), size("k")
    solvable = [
        (lambda x: size(2) * x, size(6), size(3)),
        (lambda x: m * x, m * n, n),
        (lambda x: m + x, m + n, n),
        (lambda x: m + x, m + n * k, n * k),
        (lambda x: x * x, size(9), size(3)),
        (lambda x: x * x, n * n, n),
        (lambda x: size(2) * x + n, n + size(4), size(2)),
    ]
    for left, right, solution in solvable:
        sizes = Sizes()
        unknown = sizes.invent()
        sizes.unify(left(unknown), right, (), failure)
        sizes.settle()
        assert sizes.resolve(unknown) == solution
    impossible = [
        (lambda x: size(2) * x, size(7)),
        (lambda x: x, size(1)),
        (lambda x: x + n, n),
        (lambda x: x * x, size(8)),
        (lambda x: x * n, n),
        (lambda _: m, n),
        (lambda _: m, size(3)),
    ]
    for left, right in impossible:
        sizes = Sizes()
        with pytest.raises(errors.DivisionByZero):
            sizes.unify(left(sizes.invent()), right, (), failure)


def test_what_waits_is_solved_when_more_is_known() -> None:
    result = typed("vec(A)^T kron(x, y) + sum(A : ones(2, 3)) + x^T ones(3)")
    assert sizes_of(result) == "A: 2 x 3, x: 3, y: 2"


def test_sizes_have_a_limit() -> None:
    power = Expr("name", value="A")
    for _ in range(40):
        power = Expr("kron", (power, power))
    with pytest.raises(errors.TooLarge):
        infer(power, {}, {})


def test_every_node_has_a_shape() -> None:
    result = typed("||V tanh(W x + b) - y||^2 + X[1,2] ones(n)^T z")
    parts = [node for node in post_order(result.expr) if node.op not in ("number",) and node.value not in ("n",)]
    assert all(node.shape is not None for node in parts)


def name(text: str) -> Expr:
    return Expr("name", value=text)


def layers(count: int) -> tuple[Expr, dict[str, Expr]]:
    definitions = {"h0": name("x")}
    for i in range(1, count + 1):
        affine = Expr("+", (Expr("*", (name(f"W{i}"), name(f"h{i - 1}"))), name(f"b{i}")))
        definitions[f"h{i}"] = Expr("tanh", (affine,))
    return Expr("*", (Expr("'", (name("c"),)), name(f"h{count}"))), definitions


def terms(count: int) -> tuple[Expr, dict[str, Expr]]:
    return Expr("+", tuple(Expr("*", (name(f"A{i}"), name(f"x{i % 50}"))) for i in range(count))), {}


@pytest.mark.parametrize(("build", "count"), [(layers, 400), (terms, 1600)])
def test_the_work_grows_with_the_length(build: object, count: int) -> None:
    def work(length: int) -> int:
        expr, definitions = build(length)  # type: ignore[operator]
        return growth.calls(lambda: infer(expr, {}, definitions))

    assert work(count) < 4.4 * work(count // 4)


def test_deep_nesting() -> None:
    deep = name("x")
    for _ in range(3000):
        deep = Expr("exp", (Expr("+", (deep, Expr("number", value=1))),))
    assert spelled(infer(deep, {}, {}).expr.shape) == "n"


def corpus(file: str) -> list[dict[str, object]]:
    path = CORPUS / file
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


@pytest.mark.parametrize("case", corpus("public.jsonl"), ids=lambda case: case["id"])
def test_published_expressions_fit(case: dict[str, object]) -> None:
    text, wrt = str(case["expr"]), " ".join(case["wrt"])  # type: ignore[call-overload]
    typed(text, *case["decl"], wrt=wrt)  # type: ignore[misc]
    if case["default_kinds_ok"]:
        typed(text, wrt=wrt)


@pytest.mark.parametrize(
    "case", [case for case in corpus("bad.jsonl") if case["kind"] in ("shape", "nonsquare")], ids=lambda case: case["id"]
)
def test_wrong_shapes_are_refused_where_they_are(case: dict[str, object]) -> None:
    arguments: list[str] = case["argv"]  # type: ignore[assignment]
    options = list(zip(arguments[1::2], arguments[2::2], strict=True))
    error = refused(arguments[0], *[value for option, value in options if option == "--var"], wrt=options[0][1])
    start = arguments[0].index(str(case["span"]))
    end = start + len(str(case["span"]))
    operands = [value for value in error.values().values() if isinstance(value, Expr)]
    spans = [operand.span for operand in operands if operand.span is not None]
    assert any(span.start < end and start < span.end for span in spans)


@pytest.mark.parametrize(
    ("text", "wrt", "numbers"),
    [
        ("1/2 m v^T v", "v", "m"),
        ("1/2 m ||v||^2 - G M m / ||x||", "x", "m G M"),
        ("log(1 + exp(-y w^T x))", "w", "y"),
        ("log(1 + exp(-y x^T w)) + lambda/2 w^T w", "w", "y"),
        ("max(0, 1 - y (w^T x + b))", "w", "y b"),
        ("y log(sigmoid(w^T x)) + (1 - y) log(1 - sigmoid(w^T x))", "w", "y"),
        ("tanh(a x^T y + b)", "x", "a b"),
        ("D (1 - exp(-a (||r|| - r0)))^2", "r", "D a r0"),
        ("k/2 (||x|| - L)^2", "x", "k L"),
        ("(nu + p)/2 log(1 + x^T x / nu)", "x", "p"),
        ("J = det(F); K/2 (J - 1)^2", "F", "K"),
    ],
)
def test_what_stands_among_numbers_is_one(text: str, wrt: str, numbers: str) -> None:
    result = typed(text, wrt=wrt)
    told = {one.variable: one.kind for one in result.remarks if isinstance(one, errors.SoftKind)}
    assert told == dict.fromkeys(numbers.split(), "scalar")


@pytest.mark.parametrize(
    "text", ["a b^T x", "v ||x||", "x ||x||", "x / ||y||", "a^T x b", "v + x ||x||", "sigmoid(W x + b)", "A x"]
)
def test_what_may_be_an_array_beside_a_number_stays_one(text: str) -> None:
    assert not [one for one in typed(text).remarks if isinstance(one, errors.SoftKind)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("(y - X beta)^T (y - X beta)", "beta"),
        ("y^T X beta - sum(exp(X beta))", "beta"),
        ("sum(log(1 + exp(X beta)))", "beta"),
        ("m = exp(X beta); y^T log(m) - sum(m)", "beta"),
        ("X beta", "beta"),
        ("Sigma^-1 mu", "mu"),
        ("w^T Sigma^-1 (mu_1 - mu_2)", "mu_1 mu_2"),
        ("(w^T (mu_1 - mu_2))^2 / (w^T S w)", "mu_1 mu_2"),
        ("(mu^T w - r_f) / sqrt(w^T S w)", "mu"),
    ],
)
def test_a_greek_name_behind_a_matrix_or_a_transpose_is_a_vector(text: str, names: str) -> None:
    told = {one.variable for one in typed(text).remarks if isinstance(one, errors.SoftKind) and one.kind == "vector"}
    assert told == set(names.split())


@pytest.mark.parametrize(
    "text", ["expm(A tau)", "A + B tau", "tr(A sigma)", "det(A - I lambda)", "||Y - A rho||^2 + tr(Y)", "sigma W x"]
)
def test_a_greek_name_is_a_number_where_only_so_it_fits(text: str) -> None:
    assert not [one for one in typed(text).remarks if isinstance(one, errors.SoftKind)]
