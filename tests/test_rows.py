"""Functions of every row and column: what is printed, by numerical differences, as read from every notation, with steps and in code."""

from __future__ import annotations

import pytest
from derivations import check
from mathematics import check_answer
from sessions import run

import matdiff
from matdiff.functions import FUNCTIONS, LINES, Function, extended
from matdiff.language.errors import UnexpectedText, WrongKind
from matdiff.steps.derivations import METHODS

# The text, the variable, and the derivative as it is printed with its named parts: as short as papers have it.
PRINTED = {
    # Attention: Dao et al., FlashAttention (2022), section 3.1 and appendix B.2.
    "sum(G .* (softmax(Q K^T / sqrt(d), rows) V))": (
        "Q",
        "P = softmax(Q K^T / sqrt(d), rows); ((G V^T) .* P - diag(sum(G .* (P V), rows)) P) K / sqrt(d)",
    ),
    "tr(G^T (softmax(Q K^T / sqrt(d)) V))": (
        "Q",
        "P = softmax(Q K^T / sqrt(d), rows); ((G V^T) .* P - diag(sum(G .* (P V), rows)) P) K / sqrt(d)",
    ),
    "K: q x n; sum(G .* (softmax(Q K^T / sqrt(d), rows) V))": (
        "K",
        "P = softmax(Q K^T / sqrt(d), rows); ((G V^T) .* P - diag(sum(G .* (P V), rows)) P)^T Q / sqrt(d)",
    ),
    "sum(G .* (softmax(Q K^T / sqrt(d), rows) V)) + 0 d": ("V", "softmax(Q K^T / sqrt(d), rows)^T G"),
    # Cross entropy, where the rows of Y need not sum to 1, and where they do.
    "Y: n x k; -1/n sum(Y .* log(softmax(X W, rows)))": ("W", "X^T (diag(Y ones(k)) softmax(X W, rows) - Y) / n"),
    "sum(logsumexp(X W, rows)) - sum(Y .* (X W))": ("W", "X^T (softmax(X W, rows) - Y)"),
    "-sum(softmax(T, rows) .* log(softmax(S, rows)))": ("S", "softmax(S, rows) - softmax(T, rows)"),
    "sum(softmax(X, rows) .* log(softmax(X, rows)))": (
        "X",
        "P = softmax(X, rows); P .* log(P) - diag(sum(P .* log(P), rows)) P",
    ),
    # InfoNCE: van den Oord et al. (2018), eq. (4).
    "-sum(log(diag(softmax(U V^T / tau, rows))))": ("U", "(softmax(U V^T / tau, rows) - I) V / tau"),
    "sum(logsumexp(Z Z^T / tau, rows)) - tr(Z Z^T / tau)": (
        "Z",
        "P = softmax(Z Z^T / tau, rows); (P + P^T - 2 I) Z / tau",
    ),
    # Layer norm: Ba et al. (2016), eq. (4); rows and columns less their means; rows by their norms.
    "epsilon: scalar; C = X - mean(X, rows) ones^T; sum(G .* (diag(1 ./ sqrt(mean(C.^2, rows) + epsilon)) C))": (
        "X",
        "C = X - mean(X, rows) ones(n)^T; r = mean(C .^ 2, rows) + epsilon; "
        "diag(1 ./ sqrt(r)) (G - mean(G, rows) ones(n)^T - diag(mean(G .* C, rows) ./ r) C)",
    ),
    # Batch norm: Ioffe and Szegedy (2015), section 3.
    "epsilon: scalar; C = X - ones mean(X, cols); sum(G .* (C ./ (ones sqrt(mean(C.^2, cols) + epsilon))))": (
        "X",
        "C = X - ones(m) mean(X, cols); r = mean(C .^ 2, cols)^T + epsilon; "
        "(G - ones(m) mean(G, cols) - C diag(mean(G .* C, cols)^T ./ r)) diag(1 ./ sqrt(r))",
    ),
    # RMSNorm: Zhang and Sennrich (2019), eq. (4).
    "epsilon: scalar; sum(G .* (X ./ (sqrt(mean(X.^2, rows) + epsilon) ones^T)))": (
        "X",
        "r = mean(X .^ 2, rows) + epsilon; diag(1 ./ sqrt(r)) (G - diag(mean(G .* X, rows) ./ r) X)",
    ),
    "||softmax(X, rows) - Y||^2": (
        "X",
        "P = softmax(X, rows); 2 ((P - Y) .* P - diag(sum((P - Y) .* P, rows)) P)",
    ),
    "sum(G .* (X - mean(X, rows) ones^T))": ("X", "G - mean(G, rows) ones(n)^T"),
    "sum(G .* (X - ones mean(X, cols)))": ("X", "G - ones(m) mean(G, cols)"),
    "sum(G .* (X ./ (norm(X, rows) ones^T)))": (
        "X",
        "diag(1 ./ norm(X, rows)) G - diag(sum(G .* X, rows) ./ norm(X, rows) .^ 3) X",
    ),
    "norm(X, rows)^T a": ("X", "diag(a ./ norm(X, rows)) X"),
    "||X||_{2,1}": ("X", "diag(1 ./ norm(X, rows)) X"),
    "norm(X, cols) a": ("X", "X diag(a ./ norm(X, cols)^T)"),
    # What is written out is found again.
    "sum(log(exp(X) ones))": ("X", "softmax(X, rows)"),
    "sum(log(ones^T exp(X)))": ("X", "softmax(X, cols)"),
    "sum(G .* (exp(X) ./ (exp(X) ones ones^T)))": (
        "X",
        "P = softmax(X, rows); G .* P - diag(sum(G .* P, rows)) P",
    ),
    "sum(G .* (exp(X) ./ (ones ones^T exp(X))))": (
        "X",
        "P = softmax(X, cols); G .* P - P diag(sum(G .* P, cols)^T)",
    ),
    "sum_i logsumexp(W x_i)": ("W", "sum_i softmax(W x_i) x_i^T"),
    # Members of a family.
    "sum_k c_k logsumexp(A x_k)": ("A", "sum_k c_k softmax(A x_k) x_k^T"),
    "sum_k sum(max(x_k y^T, rows))": ("y", "sum_k x_k argmax(x_k y)"),
    "x: m x n; sum_k a^T norm(x_k y^T, rows)": ("y", None),
    # The rest of the table.
    "a^T softmax(X, rows) b": ("X", None),
    "sum(max(X W, rows))": ("W", "X^T argmax(X W, rows)"),
    "min(X, cols) a": ("X", "argmin(X, cols) diag(a)"),
    "a^T cumsum(X, rows) b": ("X", "a b^T tril(ones(n, n))"),
    "sum(X, rows)^T a": ("X", "a ones(n)^T"),
    "mean(X, cols) a": ("X", "ones(m) a^T / rows(X)"),
    "norm1(X, rows)^T a": ("X", "diag(a) sign(X)"),
    "norm(X, 3, rows)^T a": ("X", None),
    "norm(X, inf, cols) a": ("X", None),
    "x: n; lse(x^T, rows)": ("x", "softmax(x)"),
    "x: n; sum(logsumexp(x, rows))": ("x", "ones(n)"),
}


@pytest.mark.parametrize("text", PRINTED)
def test_what_is_printed_is_short_and_true(text: str) -> None:
    variable, printed = PRINTED[text]
    answer = matdiff.differentiate(text, variable)
    if printed is not None:
        assert answer.result.formula == printed
    check_answer(answer)


LIFTED = [row for row in FUNCTIONS.values() if row.along]


def test_every_function_of_vectors_is_taken_of_rows_and_columns() -> None:
    known = {(row.of, row.along) for row in LIFTED}
    vectors = "sum cumsum softmax logsumexp max min argmax argmin norm norm2 norm1 maxnorm mean".split()
    assert known == {(function, along) for function in vectors for along in LINES}


@pytest.mark.parametrize("row", LIFTED, ids=lambda row: row.name)
@pytest.mark.parametrize("shape", ["m x n", "1 x n", "m", "scalar"])
def test_the_value_is_that_of_each_line(row: Function, shape: str) -> None:
    """Also where there is one line, and where each has one entry."""
    check_answer(matdiff.differentiate(row.call("X"), order=0, declarations=f"X: {shape}"))


@pytest.mark.parametrize("row", LIFTED, ids=lambda row: row.name)
@pytest.mark.parametrize("shape", ["1 x n", "m"])
def test_derivatives_of_one_line(row: Function, shape: str) -> None:
    check_answer(matdiff.differentiate(f"sum(sin({row.call('X')}))", "X", declarations=f"X: {shape}"))


@pytest.mark.parametrize("row", LIFTED, ids=lambda row: row.name)
def test_directions(row: Function) -> None:
    for along in ({"jvp": "V"}, {"vjp": "U"}):
        answer = matdiff.differentiate(row.call("X"), "X", declarations="X: m x n", **along)
        assert answer.verify().passed, answer.text
    assert matdiff.differentiate(f"sum(sin({row.call('X')}))", "X", declarations="X: m x n", hvp="V").verify().passed


@pytest.mark.parametrize("row", LIFTED, ids=lambda row: row.name)
@pytest.mark.parametrize("method", METHODS)
def test_steps(row: Function, method: str) -> None:
    """Each line is true, and the last one is the result; a method that does not fit says so."""
    for text in (row.call("X W"), f"sum(G .* {row.call('X W')})"):
        value = matdiff.differentiate(row.call("X"), order=0, declarations="X: m x n").typed.expr
        shape = " x ".join(map(str, value.shape or ()))
        answer = matdiff.differentiate(text, "W", declarations=["X: m x p", "W: p x n", f"G: {shape}"])
        for result, found in zip(answer.results, answer.steps(method), strict=True):
            assert check(answer, result, found)


@pytest.mark.parametrize("text", ["sum(softmax(X, rows) .* Y)", "sum(logsumexp(X, cols))", "sum(norm(X, rows))", "mean(X, rows)"])
def test_proofs(text: str) -> None:
    outcome = run([text, "--wrt", "X", "--prove", "-q"])
    assert outcome.status == 0, outcome.stderr


# Other ways of writing, and how it is written here; the answers are the same.
SAME = {
    r"\operatorname{tr}\left(\mathbf{G}^{\top} \operatorname{softmax}\left(\mathbf{X}, \mathrm{rows}\right)\right)": "tr(G^T softmax(X, rows))",
    r"\|\operatorname{mean}(X, \text{cols})\|^2": "||mean(X, cols)||^2",
    r"\|X\|_{2,1}": "sum(norm(X, rows))",
    "np.sum(G * scipy.special.softmax(X, axis=0))": "sum(G .* softmax(X, cols))",
    "np.sum(G * jax.nn.softmax(X))": "sum(G .* softmax(X, rows))",
    "torch.sum(torch.logsumexp(X, dim=1, keepdim=True))": "sum(logsumexp(X, rows))",
    "np.sum(np.log(np.sum(np.exp(X), axis=0)))": "sum(logsumexp(X, cols))",
    "np.sum(np.linalg.norm(X, axis=1))": "sum(norm(X, rows))",
    "np.sum(np.linalg.norm(X, ord=1, axis=0))": "sum(norm1(X, cols))",
    "np.sum(np.max(X, axis=0))": "sum(max(X, cols))",
    "torch.sum(torch.amin(X, 1))": "sum(min(X, rows))",
    "np.sum(G * (X - X.mean(axis=0)))": "sum(G .* (X - ones mean(X, cols)))",
    "np.sum(G * (X - X.max(axis=1, keepdims=True)))": "sum(G .* (X - max(X, rows) ones^T))",
    "np.sum(G * np.cumsum(X, axis=0))": "sum(G .* cumsum(X, cols))",
    "np.sum(G * np.exp(X) / np.exp(X).sum(axis=1, keepdims=True))": "sum(G .* softmax(X, rows))",
    "softmax(X) : G": "softmax(X, rows) : G",
}


@pytest.mark.parametrize("text", SAME)
def test_other_ways_of_writing(text: str) -> None:
    read, meant = matdiff.differentiate(text, "X"), matdiff.differentiate(SAME[text], "X")
    assert read.result.formula == meant.result.formula
    check_answer(read)


@pytest.mark.parametrize(
    ("text", "name"),
    [("max(x, rows)", "x"), ("a^T norm(x, rows)", "x"), ("mean(sigma, cols) a", "sigma"), ("sum(softmax(k, rows) v)", "k")],
)
def test_a_name_is_a_matrix_where_it_has_rows(text: str, name: str) -> None:
    """Nobody means the rows of a vector, unless it is declared to be one."""
    answer = matdiff.differentiate(text, name)
    assert answer.typed.variables[name].kind == "matrix"
    check_answer(answer)


@pytest.mark.parametrize("row", LIFTED, ids=lambda row: row.name)
def test_latex_is_read_back(row: Function) -> None:
    answer = matdiff.differentiate(row.call("X"), order=0, declarations="X: m x n")
    assert matdiff.differentiate(answer.latex, order=0, declarations="X: m x n").text == answer.text


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("det(X, rows)", UnexpectedText),
        ("exp(X, rows)", UnexpectedText),
        ("kron(X, rows)", UnexpectedText),
        ("logsumexp(X)", WrongKind),
    ],
)
def test_what_is_refused(text: str, error: type[Exception]) -> None:
    with pytest.raises(Exception) as caught:
        matdiff.differentiate(text, order=0)
    found = getattr(caught.value, "errors", None) or [caught.value]
    assert isinstance(found[0], error)


def test_a_new_function_of_vectors_is_taken_of_rows_at_once() -> None:
    """In every place: the printed derivative, code, steps and LaTeX."""
    spread = Function("spread", "macro", "n 1 -> 1 1", value="sum((X - mean(X)) .^ 2) / rows(X)")
    unit = Function("unit", "macro", "n 1 -> n 1", value="X / norm(X)")
    centred = Function("centred", "macro", "m n -> m n", value="X - ones(m) mean(X, cols)")
    with extended(spread, unit, centred):
        for text in ("sum(sin(spread(X, rows)))", "sum(G .* unit(X, cols))", "sum(G .* unit(X))", "sum(sin(centred(X)))"):
            answer = matdiff.differentiate(text, "X", declarations=["X: m x n", "G: m x n"])
            check_answer(answer)
            assert "def df_dX" in answer.to("numpy")
            for result, found in zip(answer.results, answer.steps("differential"), strict=True):
                assert check(answer, result, found)
