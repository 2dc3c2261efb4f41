"""Every law: its equation holds numerically, it is found wherever its left side stands, and a problem needs it.

The equations are those of `equations` and of `render.stable`, and the first words of the docstrings of the laws in Python.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from itertools import permutations, product
from pathlib import Path
from typing import Any

import pytest
from sessions import run

from matdiff.api import differentiate
from matdiff.check.verify import Undefined
from matdiff.code.stable import stable
from matdiff.functions import FUNCTIONS
from matdiff.infer.infer import Typed, infer
from matdiff.infer.rules import rule_expr
from matdiff.infer.variables import declare
from matdiff.language.queries import constant, post_order
from matdiff.language.syntax import Expr
from matdiff.laws import equations, simplify
from matdiff.laws.matching import Law
from matdiff.numbers.precision import mp
from matdiff.numbers.sample import MANNERS, draw_values
from matdiff.numbers.trial_sizes import TrialSizes
from matdiff.numbers.values import evaluate
from matdiff.read.parse import parse_declaration
from matdiff.tensor import build
from matdiff.tensor.nodes import Tensor, entered

CORPUS = [
    json.loads(line) for line in (Path(__file__).parent / "corpus" / "public.jsonl").read_text(encoding="utf-8").splitlines()
]
LAWS = tuple(dict.fromkeys((*simplify.PRODUCT_LAWS, *simplify.APPLY_LAWS, *simplify.SUM_LAWS)))
LINES = equations.LAWS


def name_of(law: Callable[..., Any]) -> str:
    """An equation, or the name of a law in Python."""
    return law.line if isinstance(law, Law) else law.__name__


PYTHON = {name_of(law): law for law in LAWS if not isinstance(law, Law)}
# What the docstrings begin with.
EXAMPLES = {name: found[1] for name, law in PYTHON.items() if (found := re.match("`([^`]*)`", law.__doc__ or ""))}
# Laws about arrays with more than two axes, which no formula of the language is.
WITHOUT_EQUATION = {"expand_large_group"}


def test_laws_in_python_say_which_equation_they_apply() -> None:
    assert PYTHON.keys() - EXAMPLES.keys() == WITHOUT_EQUATION


# --- they hold ------------------------------------------------------------------------------------------------------------

# What the names of the equations are declared to be; a law of entries is tried with arrays too.
KINDS = ("scalar", "n", "1 x n", "m x n")
# What the names in docstrings are.
EXAMPLE_DECLARATIONS = "x, y: n; z: m; A, B: n x n; S: spd n; alpha, beta: scalar"


def typed_sides(line: str, declarations: str) -> list[Typed]:
    variables = declare(parse_declaration(declarations))
    return [infer(rule_expr(side), variables, {}, soft=False) for side in line.split(" = ")]


def readings(line: str) -> Iterator[str]:
    """The declarations with which an equation of a table is tried."""
    if not re.search(r"\bx\b", line):
        yield equations.DECLARATIONS
        return
    for kind in KINDS:
        yield f"x: {kind}; a, b: scalar"


def distances(left: Typed, right: Typed) -> Iterator[Any]:
    """How far the sides are apart, at points of every manner where both are defined."""
    for seed, manner in product(range(3), MANNERS):
        sizes = TrialSizes([left, right], {}).drawn(seed)
        variables = {**left.variables, **right.variables}
        values = draw_values(variables.values(), sizes, seed, manner)
        try:
            one, other = (evaluate(side.expr, values, sizes) for side in (left, right))
        except Undefined:
            continue
        if (len(other), len(other[0])) == (1, 1):
            other = [other[0] * len(one[0])] * len(one)
        yield max(abs(a - b) / max(1, abs(a)) for x, y in zip(one, other, strict=True) for a, b in zip(x, y, strict=True))


@pytest.mark.parametrize("line", LINES)
def test_an_equation_holds(line: str) -> None:
    for declarations in readings(line):
        left, right = typed_sides(line, declarations)
        with mp.workdps(30):
            found = list(distances(left, right))
        assert found, "no point"
        assert max(found) < 1e-15, declarations


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_equation_of_a_law_in_python_holds(name: str) -> None:
    left, right = typed_sides(EXAMPLES[name], EXAMPLE_DECLARATIONS)
    with mp.workdps(30):
        found = list(distances(left, right))
    assert found, "no point"
    assert max(found) < 1e-15


# --- they are found -------------------------------------------------------------------------------------------------------

DECLARATIONS = ["x, y, w: n", "A, B: n x n", "C: m x n", "Q: orthogonal n", "alpha, beta: scalar"]
# What the names of an equation are tried with.
ARGUMENTS = {
    "x": ("x", "A x", "-2 x", "x .* y", "y^T x", "1 - y .* (A x)", "C", "x y^T"),
    "v": ("x", "-2 x", "A x - y", "alpha A x"),
    "c": ("alpha", "x^T y", "2 / (1 + alpha)"),
    "X": ("A", "A + B", "A B", "A^T A"),
    "Q": ("Q",),
    "a": ("2", "-1/2"),
    "b": ("3", "-2"),
}
# With these, the side that is simpler is another one.
TURNED = {"sigmoid(-x) .* sigmoid(x) = (1 - sigmoid(x)) .* sigmoid(x)": ("-2 x",)}


def instances(line: str) -> Iterator[tuple[str, str]]:
    """The sides of an equation with arguments for the names in them."""
    names = [name for name in ARGUMENTS if re.search(rf"\b{name}\b", line)]
    for values in product(*(ARGUMENTS[name] for name in names)):
        if not set(values) & set(TURNED.get(line, ())):
            left, right = line.split(" = ")
            yield _with_names(left, dict(zip(names, values))), _with_names(right, dict(zip(names, values)))


def _with_names(side: str, given: dict[str, str]) -> str:
    return re.sub(r"\b\w+\b", lambda word: f"({given[word[0]]})" if word[0] in given else word[0], side)


def tensor_of(text: str) -> Tensor:
    return differentiate(text, order=0, declarations=DECLARATIONS).result.tensor


@pytest.mark.parametrize("line", equations.LAWS)
def test_an_equation_is_found(line: str) -> None:
    """Whatever its names stand for, alone and among other factors, in whatever order they are multiplied."""
    for left, right in instances(line):
        if line in equations.lines_of(equations.CONSTANTS):
            forms = ["{} .* cosh(x)"]
        elif line in equations.lines_of(equations.MATRICES) + equations.of_diagonals():
            forms = ["{}", "B ({}) A x", "x^T ({})"]
        elif line in equations.lines_of(equations.VECTORS):
            forms = ["{}", "alpha ({})"]
        else:
            forms = ["{}", "alpha ({})", "cosh(alpha) .* {}", "{} .* cosh(alpha)"]
        for form in forms:
            sides = [form.format(side) for side in (left, right)]
            made = tensor_of(f"({sides[0]}) - ({sides[1]})")
            assert build.number_of(made) == 0, sides


@pytest.mark.parametrize("order", list(permutations(("exp(2 x)", "exp(3 y)", "exp(-5 x)"))))
def test_what_does_not_fit_binds_nothing(order: tuple[str, ...]) -> None:
    made = tensor_of(f"{' .* '.join(order)} - exp(-3 x) .* exp(3 y)")
    assert build.number_of(made) == 0


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_law_in_python_is_found(name: str) -> None:
    left, right = EXAMPLES[name].split(" = ")
    declarations = EXAMPLE_DECLARATIONS.split("; ")
    made = differentiate(f"({left}) - ({right})", order=0, declarations=declarations).result.tensor
    assert build.number_of(made) == 0


# --- they are needed ------------------------------------------------------------------------------------------------------


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Switches one law off."""

    def off(name: str) -> None:
        for table in ("PRODUCT_LAWS", "APPLY_LAWS", "SUM_LAWS"):
            laws = getattr(simplify, table)
            monkeypatch.setattr(simplify, table, tuple(law for law in laws if name_of(law) != name))

    return off


# One question for every law, with the arguments of the command, whose answer is another one without the law.
NEEDED = {
    "cancel_power": "'(A x)^T log(A x)' -w x",
    "value_at_unit": "'log(softmax(W s)[a])' -w W",
    "sum_that_cancels": "'sqrt(mean((x - mean(x) ones) .^ 2))' -w x",
    "join_fused": "'tr(kron(X, X))' -w X --var 'X: n x n'",
    "join_shifts": "'[x; z]^T [x; z]' -w x",
    "closed_frechet": "'tr(sqrtm(X X^T))' -w X",
    "expand_large_group": "'det(X^-1)' -w X -H",
    "merge_matrix_powers": "'tr(A S^alpha sqrtm(S) S^-1)' -w A --var 'S: spd n'",
    "cancel_within_power": "'g .* x / sqrt(mean(x .^ 2))' -w x",
    "merge_powers": "'(x^T x)^(x^T x)' -w x",
    "inverse_of_product": "'det(X^3)' -w X",
    "inverse_of_kron": "'logdet(kron(A, B))' -w A",
    "function_of_broadcast": "'softplus(x - x) - log(1 + exp(x - x))' --order 0",
    "log_of_product": "'logsumexp(alpha ones(n)) - log(sum(exp(alpha ones(n))))' --order 0",
    "spread_of_scalars": "'(alpha ones - ones)^T log(x)' -w x",
    "diagonal_of_sum": "'tanh(W x)' -w x",
    # Matrices
    "inv(X) X = eye(n)": "'logdet(X X^T A^-1)' -w X --var 'A: spd m'",
    "X inv(X) = eye(n)": "'det(X^-1)' -w X",
    "Q' Q = eye(n)": "'||Q A x||^2' -w x --var 'Q: orthogonal n'",
    "Q Q' = eye(n)": "'||Q^T A x||^2' -w x --var 'Q: orthogonal n'",
    "inv(Q) = Q'": "'y^T inv(Q) x' -w x --var 'Q: orthogonal n'",
    "inv(inv(X)) = X": "'tr(Sigma^-1 S) - logdet(Sigma^-1 S)' -w Sigma --var 'Sigma, S: spd n' --structure ignore -H",
    "inv(X^c) = X^(-c)": "'x^T inv(A^alpha) x' -w x --var 'A: spd n'",
    "inv(diag(v)) = diag(1 ./ v)": "'inv(diag(A ones)) A' -w A",
    "expm(diag(v)) = diag(exp(v))": "'tr(expm(D) A)' -w D --var 'D: diagonal n'",
    "logm(diag(v)) = diag(log(v))": "'tr(A logm(diag(x)))' -w x",
    "sqrtm(diag(v)) = diag(sqrt(v))": "'diag(diag(Q))^(-1/2) Q diag(diag(Q))^(-1/2)' -w Q --var 'Q: spd k'",
    "powm(diag(v), c) = diag(v .^ c)": "'tr(A D^alpha)' -w D --var 'D: diagonal n'",
    # Constants: where exp(0) is 1, two ways of writing one value must stay one.
    "exp(0) = 1": "'1/2 logdet(2 pi exp(1) Sigma)' -w Sigma --var 'Sigma: spd n'",
    "log(1) = 0": "'log(exp(x - x))' --order 0",
    "sigmoid(0) = 1 / 2": "'sigmoid(x - x) - 1 ./ (1 + exp(x - x))' --order 0",
    "softplus(0) = log(2)": "'softplus(x - x) - log(1 + exp(x - x))' --order 0",
    "softmax(c ones(n)) = ones(n) / sum(ones(n))": "'softmax(x - x) - exp(x - x) / sum(exp(x - x))' --order 0",
    "logsumexp(c ones(n)) = c + log(sum(ones(n)))": "'logsumexp(x - x) - log(sum(exp(x - x)))' --order 0",
    # Vectors
    "sum(softmax(v)) = 1": "'softmax(z)^T log(softmax(z))' -w z",
    "sum(e(i, n)) = 1": "'tr(X^T A X)' -w X --hessian --notation all",
    "pinv(0) = 0": "'pinv(X - X) x' -w x",
    "det(0) = 0": "'det(A - A) + tr(X)' -w X --order 0",
    "pinv(c) = 1 / c": "'pinv(a^T x) b' -w x",
    "pinv(v) = v' / (v' v)": "'pinv(A y) b' -w y",
    # Definitions
    "log(exp(x)) = x": "'log(exp(x))' --order 0",
    "log(1 + exp(x)) = softplus(x)": "'sum(log(1 + exp(x)))^2' -w x",
    "log1p(exp(x)) = softplus(x)": "'sum(log1p(exp(x)))^2' -w x",
    "1 ./ (1 + exp(x)) = sigmoid(-x)": "'sum(1 ./ (1 + exp(-A x)))' -w x",
    "log(sum(exp(v))) = logsumexp(v)": "'log(sum(exp(A x)))^2' -w x",
    "exp(v) / sum(exp(v)) = softmax(v)": "'y^T (exp(A x) / sum(exp(A x)))' -w x",
    "sinh(x) ./ cosh(x) = tanh(x)": "'sum(log(cosh(A x)))' -w x",
    "sin(x) ./ cos(x) = tan(x)": "'-sum(log(cos(x)))' -w x",
    # Entry by entry
    "exp(log(x)) = x": "'sum(exp(log(x)))' -w x",
    "exp(x) .^ a = exp(a .* x)": "'sum(1 ./ exp(A x))' -w x",
    "exp(a .* x) .* exp(b .* x) = exp((a + b) .* x)": "'sum(log(1/2 ones + 1/2 erf(y .* (X b) / sqrt(2))))' -w b -H",
    "exp(x) .* sigmoid(-x) = sigmoid(x)": "'sum(exp(x) ./ (1 + exp(x)))' -w x",
    "sigmoid(-x) .* sigmoid(x) = (1 - sigmoid(x)) .* sigmoid(x)": "'sum(sigmoid(x) .* sigmoid(-x))' -w x",
    "sign(x) .* abs(x) = x": "'sum((1 + abs(x)) .^ 2)' -w x",
    "sign(x) ./ abs(x) = 1 ./ x": "'log(abs(1 + u^T w (1 - tanh(w^T z + beta)^2)))' -w u",
    "abs(x) .* abs(x) = x .* x": "'sum(abs(x) .^ 2)^2' -w x",
    "1 ./ (abs(x) .* abs(x)) = 1 ./ (x .* x)": "'sum(1 ./ abs(x) .^ 2)' -w x",
    "sign(x) .* x = abs(x)": "'sum(abs(A x) .* (A x))' -w x",
    "sign(x) .* relu(x) = relu(x)": "'||relu(x) + abs(x)||^2' -w x",
    "step(x) .* step(x) = step(x)": "'mean((y - relu(X w + beta ones)) .^ 2)' -w w -H",
    "step(x) .* sign(x) = step(x)": "'sum((relu(x) + 1) .* (abs(x) + 2))' -w x -H",
    "step(x) .* x = relu(x)": "'||relu(x) + x||^2' -w x",
    "step(x) .* abs(x) = relu(x)": "'||relu(x) + abs(x)||^2' -w x",
    "step(x) .* relu(x) = relu(x)": "'sum(relu(1 - y .* (X w)) .^ 2)' -w w",
    "relu(x) .* x = relu(x) .* relu(x)": "'sum((x - y) .* relu(x) .* x)' -w x",
    "relu(x) .* abs(x) = relu(x) .* relu(x)": "'sum(relu(x) .* abs(x))' --order 0",
}  # fmt: skip
SCALARS = ["--var", "alpha, beta: scalar", "-q"]


def test_every_law_is_needed_by_a_question() -> None:
    assert NEEDED.keys() == {name_of(law) for law in LAWS}


@pytest.mark.parametrize("name", NEEDED)
def test_a_question_has_another_answer_without_the_law(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    command = [*shlex.split(NEEDED[name]), *SCALARS]
    answer = run(command)
    assert answer.status == 0, answer.stderr
    for table in ("PRODUCT_LAWS", "APPLY_LAWS", "SUM_LAWS"):
        laws = getattr(simplify, table)
        monkeypatch.setattr(simplify, table, tuple(law for law in laws if name_of(law) != name))
    assert run(command).stdout != answer.stdout


# --- they end -------------------------------------------------------------------------------------------------------------

# What a function counts, if not 4 for one of matrices and 2 for another; sums, products and transposes count nothing.
WEIGHTS = {"logsumexp": 4, "softplus": 3, ".^": 2, "^": 2, "sum": 1}


def measure(side: Expr) -> tuple[int, int, int]:
    """What every law makes smaller: the weight of the different functions in it, its different factors, its length."""
    nodes = list(post_order(side))
    functions = {node for node in nodes if node.args}
    factors = side.args if side.op in ("*", ".*", "/", "./") else (side,)
    return sum(map(weight, functions)), len({factor for factor in factors if constant(factor) != 1}), len(nodes)


def weight(node: Expr) -> int:
    if node.op in WEIGHTS:
        return WEIGHTS[node.op]
    form = FUNCTIONS[node.op].form if node.op in FUNCTIONS else "op"
    return {"op": 0, "matrix": 4}.get(form, 2)


@pytest.mark.parametrize("line", LINES)
def test_the_right_side_is_simpler(line: str) -> None:
    left, right = map(rule_expr, line.split(" = "))
    assert measure(left) > measure(right)


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in CORPUS[::5]])
def test_no_law_applies_to_what_laws_have_made(case: dict[str, Any]) -> None:
    answer = differentiate(case["expr"], list(dict.fromkeys(case["wrt"])), declarations=case["decl"])
    with entered(answer.session):
        simple = [simplify.simplify(result.tensor) for result in answer.results]
        for node in list(answer.session.nodes.values()):
            node.cache.pop("settled", None)
            node.cache.pop("simplified", None)
        assert all(simplify.simplify(tensor) is tensor for tensor in simple)


# --- stable functions -----------------------------------------------------------------------------------------------------

STABLE = equations.lines_of(equations.DEFINITIONS)


@pytest.mark.parametrize("line", STABLE)
def test_code_is_made_of_the_right_side(line: str) -> None:
    for declarations in readings(line):
        left, right = typed_sides(line, declarations)
        made = stable.stable(left.expr)
        assert made == right.expr and made.shape == right.expr.shape, declarations
