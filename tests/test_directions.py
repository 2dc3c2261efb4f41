"""--hvp, --jvp and --vjp: derivatives applied to directions agree with the whole derivative, and with differences."""

from __future__ import annotations

import inspect
import json
from typing import Any

import jsonschema
import numpy as np
import pytest
import running
from corpus.test_corpus import REASONS, _lines
from derivations import check
from running import Call
from sessions import run
from test_cli import SCHEMA

import matdiff
from matdiff.answer.leftside import left_side
from matdiff.api import Derivative
from matdiff.language import make
from matdiff.language.errors import BadDirection, OtherNotation
from matdiff.language.printer import show
from matdiff.language.syntax import Expr
from matdiff.language.text import STYLE
from matdiff.notations.notate import NOTATIONS
from matdiff.pipeline import stages
from matdiff.steps.derivations import METHODS, derivation

FIRST = [case for case in _lines("public.jsonl") if case["id"] not in REASONS and len(case["wrt"]) == 1]


def asked(case: dict[str, Any], **more: Any) -> Derivative:
    return matdiff.differentiate(
        case["expr"], case["wrt"], declarations=case["decl"], structure=case.get("structure") or "project", **more
    )


def computed(answer: Derivative, function: str, inputs: dict[str, Any]) -> np.ndarray:
    return running.numpy(Call(answer.to("numpy"), function, inputs))[0]


@pytest.mark.sampled(4)
@pytest.mark.parametrize("case", FIRST, ids=lambda case: case["id"])
def test_products_with_the_jacobian(case: dict[str, Any]) -> None:
    """Against the published derivative, contracted."""
    (name,), point = case["wrt"], case["points"][0]
    inputs, jacobian = point["inputs"], np.asarray(point["derivative"], float)
    random, shape = np.random.default_rng(0), np.shape(inputs[name])
    v = random.normal(size=shape)
    outputs = jacobian.shape[: jacobian.ndim - len(shape)]
    u = random.normal(size=outputs)
    pushed = computed(asked(case, jvp="v_v"), f"jvp_{name}", {**inputs, "v_v": v})
    assert pushed.shape == outputs
    assert running.close(pushed, np.tensordot(jacobian, v, len(shape)))
    pulled = computed(asked(case, vjp="u_u"), f"vjp_{name}", {**inputs, "u_u": u})
    assert pulled.shape == shape
    assert running.close(pulled, np.tensordot(u, jacobian, len(outputs)))


SCALARS = [case for case in FIRST if case["kind"].startswith("scalar ")]


@pytest.mark.sampled(4)
@pytest.mark.parametrize("case", SCALARS, ids=lambda case: case["id"])
def test_products_with_the_hessian(case: dict[str, Any]) -> None:
    """Against differences of the gradient along the direction."""
    gradient = asked(case)
    (name,), inputs = case["wrt"], case["points"][0]["inputs"]
    x = np.asarray(inputs[name], float)
    v = np.random.default_rng(1).normal(size=x.shape)
    if gradient.typed.variables[name].property in ("symmetric", "spd"):
        v = v + v.T
    if gradient.typed.variables[name].property == "diagonal":
        v = np.diag(np.diag(v))
    found = computed(asked(case, hvp="v_v"), f"hvp_{name}", {**inputs, "v_v": v})
    # By the free entries, an entry off the diagonal moves two.
    way = 2 * v - np.diag(np.diag(v)) if case.get("structure") == "entries" else v
    step = 1e-6
    ahead, behind = (computed(gradient, f"df_d{name}", {**inputs, name: x + sign * step * way}) for sign in (1, -1))
    assert found.shape == x.shape
    assert running.close(found, (ahead - behind) / (2 * step), 1e-5)


CASES = [
    ("logsumexp(A x + b)", "x", (), {"hvp": "v"}),
    ("logdet(X)", "X", (), {"hvp": "V"}),
    ("tr(A expm(X))", "X", (), {"hvp": "V"}),
    ("||R - U V^T||^2", ("U", "V"), (), {"hvp": ("P", "Q")}),
    ("tanh(W x)", ("W", "x"), (), {"jvp": ("V", "v")}),
    ("tanh(W x)", ("W", "x"), (), {"vjp": "u"}),
    ("W^T X", "W", (), {"vjp": "U"}),
    ("expm(X)", "X", (), {"jvp": "V"}),
    ("x^T A", "x", (), {"vjp": "u"}),
    ("x^T A x", "x", (), {"hvp": "x"}),
    ("exp(c) c", "c", ("c: scalar",), {"hvp": "d"}),
    *(
        (expression, name, (declaration,), {"hvp": "V"})
        for expression, name, declaration in (
            ("tr(A S B S)", "S", "S: symmetric n"),
            ("logdet(S)", "S", "S: spd n"),
            ("tr(A D B D)", "D", "D: diagonal n"),
            ("tr(A L B L)", "L", "L: lower n"),
            ("tr(A K B K)", "K", "K: skew n"),
            ("tr(A Q B Q)", "Q", "Q: orthogonal n"),
        )
    ),
]


# The convention matters for structured variables only.
WITH_STRUCTURE = [
    (*case, mode) for case in CASES for mode in (("project", "ignore", "entries") if len(case[2]) else ("project",))
]


@pytest.mark.parametrize(("expression", "wrt", "declarations", "along", "structure"), WITH_STRUCTURE, ids=str)
def test_against_differences(
    expression: str, wrt: Any, declarations: tuple[str, ...], along: dict[str, Any], structure: str
) -> None:
    answer = matdiff.differentiate(expression, wrt, declarations=declarations, structure=structure, **along)
    report = answer.verify(sizes={"n": 2} if "expm" in expression else None)
    assert report.passed, (answer.text, report)


# A tangent of an orthogonal matrix takes SymPy minutes; expm has no components.
EXACT = [case for case in WITH_STRUCTURE if "expm" not in case[0] and not (case[1] == "Q" and case[4] != "ignore")]


@pytest.mark.parametrize(("expression", "wrt", "declarations", "along", "structure"), EXACT, ids=str)
def test_exactly(expression: str, wrt: Any, declarations: tuple[str, ...], along: dict[str, Any], structure: str) -> None:
    answer = matdiff.differentiate(expression, wrt, declarations=declarations, structure=structure, **along)
    proof = answer.prove(dict.fromkeys(answer.typed.size_names, 2))
    assert proof.passed, proof


@pytest.mark.parametrize("notation", ["expr", "index_expr"])
@pytest.mark.parametrize(
    ("expression", "wrt", "along"),
    [
        ("x^T A x", "x", {"hvp": "x"}),
        ("tr(A S B S)", "S", {"hvp": "V"}),
        ("A x", ("A", "x"), {"jvp": ("V", "v")}),
        ("W^T X", "W", {"vjp": "U"}),
    ],
)
def test_what_is_wrong_is_disproved(expression: str, wrt: Any, along: dict[str, Any], notation: str) -> None:
    answer = matdiff.differentiate(expression, wrt, declarations="S: symmetric n", **along)
    right = getattr(answer.result, notation)
    setattr(answer.result, notation, Expr("*", (make.number(3), right), shape=right.shape))
    proof = answer.prove()
    assert proof.decided and not proof.passed


@pytest.mark.parametrize(("expression", "wrt", "declarations", "along"), CASES, ids=str)
def test_notations(expression: str, wrt: Any, declarations: tuple[str, ...], along: dict[str, Any]) -> None:
    """Those that there are say the same of the same product; the others are shown in one of them, and a remark says so."""
    answer = matdiff.differentiate(expression, wrt, declarations=declarations, **along)
    for result in answer.results:
        forms = {}
        for notation in NOTATIONS:
            shown = answer.in_notation(notation)
            forms[notation] = shown.results[result.place]
            told = [remark.used for remark in shown.remarks if isinstance(remark, OtherNotation)]
            assert told == [one.form for one in shown.results] if told else {one.form for one in shown.results} == {notation}
        assert {name for name, one in forms.items() if one.form == name} >= {"index", *(["matrix"] if result.is_matrix else [])}
        whole = show(left_side(answer, result), STYLE)
        for one in forms.values():
            left = show(left_side(answer, one), STYLE)
            letters = ",".join(letter for *_, letter in result.axes)
            assert one.expr == (result.index_expr if one.form == "index" else result.expr)
            assert left == (f"({whole})[{letters}]" if one.form == "index" and result.is_matrix and letters else whole)
            assert left.endswith(f"[{letters}]") == (one.form == "index") or not letters


@pytest.mark.sampled(4)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("expression", "wrt", "declarations", "along"), CASES, ids=str)
def test_steps(expression: str, wrt: Any, declarations: tuple[str, ...], along: dict[str, Any], method: str) -> None:
    """The steps of the whole derivative by each variable, every line of them true, then the product that is printed."""
    answer = matdiff.differentiate(expression, wrt, declarations=declarations, **along)
    for result, found in zip(answer.results, answer.steps(method), strict=True):
        *lines, last = found.lines
        assert (last.left, last.right) == (left_side(answer, result), result.expr)
        tried = 0
        for way in stages(answer, result):
            part = derivation(answer, way[-1], method, [way])
            # What tries lines takes the gradient between, by a structured variable, for the plain one.
            structured = result.order > 1 and answer.typed.variables[result.wrt[0]].property
            tried += len(part.lines) if structured else check(answer, way[-1], part)
            assert {(line.left, line.right) for line in part.lines} <= {(line.left, line.right) for line in lines}
        assert tried >= len(lines)


def test_what_is_expected_of_a_product_with_a_mean() -> None:
    """Its terms are looked at one by one, among them a number that is taken off every entry."""
    arguments = ["sqrt(mean((x - mean(x) ones) .^ 2))", "-w", "x", "--var", "x: n", "--hvp", "v", "--expect"]
    assert run([*arguments, "x"]).status == 1
    right = run(arguments[:-1]).stdout.strip()
    outcome = run([*arguments, f"{right} + v"])
    assert outcome.status == 1 and outcome.stderr.startswith("not equal: a term is too much: v\n")


@pytest.mark.parametrize("layout", ["numerator", "denominator"])
def test_a_product_is_the_same_in_every_layout(layout: str) -> None:
    for along in (["--jvp", "v"], ["--vjp", "v"]):
        outcome = run(["x^T A", "-w", "x", *along, "--layout", layout])
        assert outcome.stdout == run(["x^T A", "-w", "x", *along]).stdout
        assert outcome.stderr.endswith(" is the same in every layout\n")


def test_what_has_no_steps() -> None:
    outcome = run(["sum(kron(X, X) .* A)", "-w", "X", "--hvp", "V", "--steps"])
    assert (outcome.status, outcome.stdout) == (4, "")
    assert outcome.stderr.startswith("error[E406]: ") and "leave out --hvp" in outcome.stderr


@pytest.mark.parametrize("notation", ["all", "index", "kronecker"])
@pytest.mark.parametrize("more", [["x^T A x", "-w", "x", "--hvp", "v"], ["W x", "-w", "W,x", "--vjp", "u"]])
def test_json_of_notations(more: list[str], notation: str) -> None:
    document = json.loads(run([*more, "--notation", notation, "--verify", "--json"]).stdout)
    jsonschema.validate(document, SCHEMA)
    for result in document["results"]:
        assert result["form"] in ("matrix", "index", "frobenius")
        assert result["lhs"]["text"].endswith("]") == (result["form"] == "index")


def test_the_words_of_a_proof_name_the_direction() -> None:
    outcome = run(["x^T A x", "-w", "x", "--hvp", "v", "--prove"])
    words = "proved: each of the 2 components with n = 2 is identical to the derivative applied to v\n"
    assert (outcome.status, outcome.stderr) == (0, words)


def test_the_hessian_is_never_formed() -> None:
    """The gradient of 1,000 entries by 1,000 would not fit the limits of what is printed; the product with a direction does."""
    source = matdiff.differentiate("logsumexp(A x + b)", "x", hvp="v").to("numpy")
    body = source[source.index("def hvp_x") : source.index("def f_and_hvp_x")]
    assert body.count("@") == 4 and "outer" not in body and "diag" not in body.split('"""')[2]
    assert matdiff.differentiate("sum(tanh(W X))", "W", hvp="V").result.form == "matrix"


def test_directions_are_parameters_of_their_functions_alone() -> None:
    source = matdiff.differentiate("a^T x x^T b", "x", hvp="v").to("numpy")
    assert "def f(a, x, b):" in source and "def hvp_x(a, x, b, v):" in source and "def f_and_hvp_x(a, x, b, v):" in source
    assert "def jvp_x_W(" in matdiff.differentiate("W x", ("x", "W"), jvp=("v", "V")).to("jax")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--wrt", "x", "--hvp", "v"], "error[E402]: --hvp wants a scalar, and the output is a vector of size m"),
        (["--wrt", "x", "--jvp", "v,w"], "error[E402]: --jvp wants one name for x"),
        (["--wrt", "x,A", "--jvp", "v"], "error[E402]: --jvp wants a name for each of x, A"),
        (
            ["--wrt", "x", "--jvp", "A"],
            "error[E402]: `A` is a m × n matrix, and --jvp wants one shaped like x, a vector of size n",
        ),
        (["--wrt", "x", "--jvp", "v + 1"], "error[E504]: --jvp takes the name of a variable, not `v + 1`"),
        (["--wrt", "x", "--jvp", "v", "--vjp", "u"], "error[E505]: only one of these at a time: --jvp and --vjp"),
        (
            ["--wrt", "x", "--jvp", "v", "--order", "2"],
            "error[E505]: only one of these at a time: --jvp and --order 2",
        ),
        (["--wrt", "x", "--vjp", "v", "-H"], "error[E505]: only one of these at a time: --vjp and --hessian"),
    ],
)
def test_mistakes(more: list[str], message: str) -> None:
    outcome = run(["A x", *more])
    assert outcome.stderr.splitlines()[0] == message
    assert outcome.status == 2 and not outcome.stdout


def test_a_direction_may_be_declared() -> None:
    assert run(["x^T A x", "-w", "x", "--var", "x: n", "--var", "v: n", "--hvp", "v"]).stdout == "(A + A^T) v\n"
    with pytest.raises(BadDirection):
        matdiff.differentiate("x^T A x", "x", declarations=["x: n", "v: n x n"], hvp="v")


@pytest.mark.parametrize(
    "more", [["-w", "x", "--hvp", "v"], ["-w", "A", "--hvp", "V"], ["-w", "x", "--jvp", "v"], ["-w", "x", "--vjp", "c"]]
)
def test_json(more: list[str]) -> None:
    document = json.loads(run(["x^T A x", *more, "--json", "--verify"]).stdout)
    jsonschema.validate(document, SCHEMA)
    (result,) = document["results"]
    assert result["name"] == more[2][2:] and result["along"] == [more[3]] and result["check"]["passed"]


@pytest.mark.parametrize(
    ("text", "wrt"), [("sum(softplus(X w)) - y^T X w", "w"), ("||M - U V^T||_F^2", "U"), ("x^3 v^T v1", "x"), ("-logdet(X)", "X")]
)
def test_code_for_a_hessian_has_the_operator_too(text: str, wrt: str) -> None:
    declarations = ["x: scalar"] if wrt == "x" else []
    source = matdiff.differentiate(text, wrt, order=2, declarations=declarations).to("numpy")
    module: dict[str, Any] = {}
    exec(source, module)
    if wrt == "x":
        assert "hvp" not in source  # the second derivative by a number is a number
        return
    random = np.random.default_rng(0)
    names = inspect.signature(module[f"hvp_{wrt}"]).parameters
    shapes = {"X": (4, 4) if wrt == "X" else (5, 3), "w": 3, "y": 5, "M": (4, 5), "U": (4, 3), "V": (5, 3)}
    arguments = {name: random.normal(size=shapes[name]) for name in names if name in shapes}
    direction = next(iter(set(names) - set(shapes)), "V")
    arguments[direction] = random.normal(size=arguments[wrt].shape)
    hessian = module[f"d2f_d{wrt}2"](**{name: arguments[name] for name in names if name != direction})
    expected = np.tensordot(hessian, arguments[direction], arguments[wrt].ndim)
    assert np.allclose(module[f"hvp_{wrt}"](**arguments), expected)
