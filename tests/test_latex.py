"""The reader of LaTeX: what matdiff prints reads back, what papers write is read, and what cannot be read is refused at its place."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sessions import run

import matdiff
from matdiff.language.errors import MatdiffError, ReadAs
from matdiff.language.spelling import latex_name
from matdiff.language.statements import Declaration, Definition, Question
from matdiff.language.text import text as in_text
from matdiff.limits import NESTING
from matdiff.mistakes.words import diagnose
from matdiff.read.parse import parse
from matdiff.read.syntaxes import name_in, read, syntax_of

CORPUS = Path(__file__).parent / "corpus" / "public.jsonl"
# What texts are put together of, whatever comes out.
PARTS = (
    r"""x A 1 12 \alpha { } ( ) [ ] \{ \} ^ _ ' + - / , ; . = & \\ $ ? | || \| \left( \right) \left| \right. \frac \sqrt \log \det
\mathbf \mathbf{x} \mathrm{tr} \hat \text{ab} \vec \cdot \odot \times ^\top ^{-1} _{ij} \nabla_x \partial \frac{\partial}{\partial x} \sum
\begin{bmatrix} \end{bmatrix} \begin{align} \end{align} \langle \rangle \label{a} \mathbf{1} e^ \sigma( wrt d \lambda_{\max} \foo : \\
\operatorname
""".split()
    + ["\\\n", "\\\u2028"]
)


def _reading(text: str) -> tuple[str, dict[str, str], tuple[str, ...]]:
    """The last question in matdiff's own notation, the kinds that the type tells, and the variables it names."""
    reading = read(text, "latex")
    assert not reading.failed, reading.failed
    definitions = {one.name: one.expr for one in reading.statements if isinstance(one, Definition)}
    question = reading.statements[-1]
    assert isinstance(question, Question)
    expr = definitions.get(str(question.expr.value), question.expr) if question.expr.op == "name" else question.expr
    return in_text(expr), dict(question.kinds), question.wrt


def _error(text: str) -> tuple[MatdiffError, str]:
    """The only error in a text, and what it points at."""
    reading = read(text, "latex")
    ((_, (error,)),) = reading.failed
    span = getattr(error, "span", None)
    return error, "" if span is None else text[span.start : span.end]


# Formulas as they stand in papers and text books, whose derivatives were compared with differences of what they mean

PAPERS = Path(__file__).parent / "corpus" / "latex.jsonl"


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case["id"]) for case in map(json.loads, PAPERS.read_text("utf-8").splitlines())]
)
def test_a_formula_of_a_paper_is_read_as_what_it_means(case: dict[str, Any]) -> None:
    answer = matdiff.differentiate(case["text"], case["wrt"] or None)
    assert [remark.read for remark in answer.remarks if isinstance(remark, ReadAs)] == case["read"]


# What is printed reads back


def _printed() -> list[Any]:
    cases = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    return [pytest.param(case, id=case["id"]) for case in cases]


# What has no formula: index notation, and the derivative of a matrix function in a direction.
_WITHOUT_FORMULA = re.compile(r"\[[a-z]|\bsum\[|delta|dexpm|dlogm|dadj|fuse")


def _alike(text: str) -> str:
    """A formula in matdiff's notation as LaTeX tells it: without the sizes of constants, and x1 like x_1."""
    text = re.sub(r"\b(ones|zeros)\([^()]*\)", r"\1", text)
    text = re.sub(r"\beye\([^()]*\)", "I", text)
    return re.sub(r"\b([a-zA-Z]+)(\d+)\b", r"\1_\2", text)


@pytest.mark.sampled(4)
@pytest.mark.parametrize("case", _printed())
def test_an_answer_in_latex_reads_back_as_the_same_formula(case: dict[str, Any]) -> None:
    wrt, structure = list(dict.fromkeys(case["wrt"])), case.get("structure") or "project"
    answer = matdiff.differentiate(case["expr"], wrt, order=len(case["wrt"]), declarations=case["decl"], structure=structure)
    for latex, plain in zip(answer.latex.splitlines(), answer.text.splitlines(), strict=True):
        formula = _alike(plain.rpartition("; ")[2])
        if not _WITHOUT_FORMULA.search(plain):
            (question,) = parse(formula)
            assert isinstance(question, Question)
            assert _alike(_reading(latex)[0]) == _alike(in_text(question.expr))


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("beta_hat", r"\hat{\boldsymbol{\beta}}"),
        ("x_tilde_1", r"\tilde{\mathbf{x}}_{1}"),
        ("P_k_given_k_minus_1", r"\mathbf{P}_{k|k-1}"),
        ("w_star", r"\mathbf{w}_{\star}"),
        ("w_star_k", r"\mathbf{w}_{\star k}"),
        ("q_ddot", r"\ddot{\mathbf{q}}"),
        ("x_bar_hat", r"\hat{\bar{\mathbf{x}}}"),
        ("W_1_2", r"\mathbf{W}_{1, 2}"),
        ("x_t_plus_1", r"\mathbf{x}_{t+1}"),
    ],
)
def test_accents_and_signs_of_names_are_printed_as_they_are_read(name: str, written: str) -> None:
    assert latex_name(name, bold=True) == written
    assert name_in(written) == name


# What papers write

READINGS = {
    r"\frac12 x^T A x": "1/2 x^T A x",
    r"\frac{1}{2} \mathbf{x}^{\top} \mathbf{A} \mathbf{x}": "1/2 x^T A x",
    r"\tfrac{1}{2}\|x\|^2": "1/2 ||x||^2",
    r"\frac12{\mathbf{x}}^\top\mathbf{y} + \frac\alpha2 \sqrt2 x": "1/2 x^T y + (alpha / 2) sqrt(2) x_plain",
    r"\|A x - b\|_2^2": "||A x - b||_2^2",
    r"\|A x - b\|^2_F": "||A x - b||^2",
    r"\lVert X\rVert_{*} + \|x\|_\infty + \|x\|_1": "nucnorm(X) + maxnorm(x) + norm1(x)",
    r"\norm{x}^2 + \abs{\lambda}": "||x||^2 + abs(lambda)",
    r"\log{x^\top x} + \det{A} \det{B}": "log(x^T x) + det(A) det(B)",
    r"\bigl\|\mathbf{X}\mathbf{w}\bigr\|_{2}^{2}": "||X w||_2^2",
    r"||A(B \circ X)||_F^2": "||A (B .* X)||^2",
    r"\|y - \hat{y}\|^2": "||y - y_hat||^2",
    r"\tilde D x + \bar{\mathbf{x}}_{1}": "D_tilde x + x_bar_1",
    r"W_{hh} h + W_{1,2} x_{\mathrm{max}}": "W_hh h + W_1_2 x_max",
    r"x_{t+1} - x_t": "x_t_plus_1 - x_t",
    r"S^{-1}_B + x^2_i": "S_B^-1 + x_i^2",
    r"\mathbf{1}^T x": "ones^T x",
    r"\mathbf{I}_n - \mathbf{1}_n\mathbf{1}_n^\top": "eye(n) - ones(n) ones(n)^T",
    r"\langle A, B \rangle_F": "A : B",
    r"\sigma\left(W x + b\right)": "sigmoid(W x + b)",
    r"\sigma(x^\top y) + \sigma^2": "sigma (x^T y) + sigma^2",
    r"\operatorname{Tr}(A X)": "tr(A X)",
    r"\operatorname{tr} A B + b": "tr(A B) + b",
    r"\operatorname{tr} (X - A)^\top (X - A)": "tr((X - A)^T (X - A))",
    r"\mathrm{tr}(A^{-\top} X)": "tr(A^-T X)",
    r"A^{\mathsf T} x^\intercal y^\prime z'": "A^T x^T y^T z^T",
    r"A^\dagger b": "A^T b",
    r"A^-1 b": "A^-1 b",
    r"A \otimes B": "kron(A, B)",
    r"A\odot B X": "A .* (B X)",
    r"x \oslash y": "x ./ y",
    r"x^{\circ 2} \odot y^{\odot -1}": "x .^ 2 .* y .^ (-1)",
    r"\log\det(X) + \operatorname{tr}(S X^{-1})": "log(det(X)) + tr(S X^-1)",
    r"\det A \det B": "det(A) det(B)",
    r"\ln |\Sigma| + |\lambda| + \left|\mathbf{d}^T\mathbf{c}\right|": "log(det(Sigma)) + abs(lambda) + abs(d^T c)",
    r"|A||B|": "det(A) det(B)",
    r"\log x^\top x + c": "log(x^T x) + c",
    r"e^{-x^\top x} + e^2": "exp(-x^T x) + exp(2)",
    r"e^\top e + e^{\top} x": "e^T e + e^T x",
    r"e^{Q K^\top} + e^{-T} + e^{T t}": "exp(Q K^T) + expm(-T) + exp(T t)",
    r"e^{A B + C} + e^{A^{-1}} + e^{A + 2 B^\top}": "exp(A B + C) + expm(A^-1) + expm(A + 2 B^T)",
    r"\sqrt{x^\top x} + \sqrt[3]{x^\top y}": "sqrt(x^T x) + (x^T y)^(1/3)",
    r"\max(0, 1 - y^\top x)": "relu(1 - y^T x)",
    r"\lambda_{\max}(A)": "eigmax(A)",
    r"2 \times x^\top x": "2 (x^T x)",
    r"\exp\left(-\frac{1}{2}(x-\mu)^\top\Sigma^{-1}(x-\mu)\right)": "exp(-1/2 (x - mu)^T Sigma^-1 (x - mu))",
    r"\hat{\beta}^\top X^\top X \hat{\beta}": "beta_hat^T X^T X beta_hat",
    r"{\parallel{A x}\parallel}_{2}^{2}": "||A x||_2^2",
    r"\mathbf{X w}": "X w",
    r"{\bf x}^T {\bf y}": "x^T y",
    r"\begin{bmatrix} A & B \\ C & D \\ \end{bmatrix} x": "[A, B; C, D] x",
    r"\begin{vmatrix} A & B \\ C & D \end{vmatrix}": "det([A, B; C, D])",
    r"$$ x^\top A x. $$": "x^T A x",
    r"\[ x^\top A\, x \quad \tag{1} \]": "x^T A x",
    r"tr(AX) + softmax(x)^\top y": "tr(A X) + softmax(x)^T y",
    r"\mathcal{L}(W) = \|W x\|^2,": "||W x||^2",
    r"\begin{align} f(x) &= \|Ax-b\|^2 \\ &= (Ax-b)^\top(Ax-b)\label{eq:1} \end{align}": "(A x - b)^T (A x - b)",
    "x^\\top A x % the form\n + b^\\top x": "x^T A x + b^T x",
    # Names
    r"\dot{\mathbf{q}}^\top M \dot{\mathbf{q}} + \dot q": "q_dot^T M q_dot + q_dot_plain",
    r"P_{k|k-1} + P_{k\mid k} + \Sigma_{\hat x}": "P_k_given_k_minus_1 + P_k_given_k + Sigma_hat_x",
    r"W^{(1)} \mathbf{x}^{(k)} + b^{[l]}": "W_1 x_k + b_l",
    r"\mathbf{x} - \mathbf{x}^\star + \mathbf{x}^* + \mathbf{x}^{(k+1)}": "x - x_star + x_star + x_k_plus_1",
    r"{x_i}^\top {\mathbf{y}_{1}^{(k)}}^T {A^T}^{-1}": "x_i^T y_1_k^T A^T^-1",
    r"e^{(x^\top x)}": "exp(x^T x)",
    r"\mathbf{I}_{N_r}\mathbf{x} + \mathbf{I}_{n+1}\mathbf{x}": "eye(N_r) x + eye(n + 1) x",
    r"\mathbf{1}_{m \times n} + \mathbf{I}_{n\times n} + \mathbf{0}_{mn}": "ones(m, n) + eye(n) + zeros(m n)",
    r"\mathbf{P}_k^{-} \mathbf{x}^{+} + A^-1 b": "P_k_minus x_plus + A^-1 b",
    r"\mathbf{W}^{(1)} \mathbf{W}_1 \mathbf{x}^{(k)\top} \mathbf{x}^{*\top}": "W_1_sup W_1 x_k^T x_star^T",
    r"(A + \lambda \mathbb{I})^{-1} \mathbb{1}": "(A + lambda I)^-1 ones",
    r"\mathbf{e}^\top\mathbf{e} + e^{\mathbf{a}^\top\mathbf{e}}": "e^T e + exp(a^T e)",
    r"\sigma(x^\top y) + \sigma": "sigma (x^T y) + sigma",
    r"\beta'(X'X)\beta + \phi(1 - \phi)": "beta^T (X^T X) beta + phi (1 - phi)",
    r"\left|X + \left|t\right| I\right|": "det(X + abs(t) I)",
    r"\mathbf{a}^\top\mathbf{x} \qquad (3.2)": "a^T x",
    r"{1 \over 2} x^\top x + \sqrt{x^\top y \over {1 \over 3} + c}": "1/2 x^T x + sqrt(x^T y / (1/3 + c))",
    r"x^{\textsf{T}} y": "x^T y",
    r"\mathbf{a}^\top\mathbf{x}. \eqno(3a)": "a^T x",
    r"\mathbf{a}^\top\mathbf{x} \quad (1 + c)": "a^T x (1 + c)",
    # Functions
    r"\log^2(x^\top y) + \operatorname{tr}^2(E) + \tanh^2(W x)": "log(x^T y)^2 + tr(E)^2 + tanh(W x) .^ 2",
    r"\sin^2\theta + \det^{-1/2}(A) + \log_2 \det(A)": "sin(theta)^2 + det(A)^(-1/2) + log(det(A)) / log(2)",
    r"\mathbf{tr}(A X) + \mathop{\bf tr} A + {\rm tr}(A)": "tr(A X) + tr(A) + tr(A)",
    r"\left[1 - y^\top x\right]_+ + (a^\top x)_+^2": "relu(1 - y^T x) + relu(a^T x)^2",
    r"c^\top e^{A t} b + e^{x^\top y} + \exp(A)": "c^T expm(A t) b + exp(x^T y) + exp(A)",
    # Products and norms
    r"\vec{a}\cdot\vec{x} + \vec{x}\cdot A\vec{x} + 2\cdot\vec{a}\cdot\vec{x}": "a : x + x : A x + (2 a) : x",
    r"\mathbf{A}\cdot\mathbf{x} + c\cdot\mathbf{x}": "A x + c x",
    r"\|x\|_A^2 + \|x-\mu\|_{\Sigma^{-1}}^2 + \|x\|^2_Q": "||x||_A^2 + sqrt((x-mu)^T Sigma^-1 (x-mu))^2 + ||x||_Q^2",
    r"\|x\|_p + \|x\|_3 + \|X\|_{2,1} + \|X\|_{\mathrm{F}}": "||x||_p + ||x||_3 + ||X||_{2,1} + ||X||",
    r"A^\dagger b + \mathbf{w}^{\mathrm{H}}\mathbf{R}^{-H}\mathbf{w}": "A^T b + w^T R^-T w",
    "\\left( x + y \\right. \\\\ \\left. + z \\right)^\\top w": "(x + y + z)^T w",
}


@pytest.mark.parametrize(("written", "meant"), READINGS.items())
def test_it_is_read_as(written: str, meant: str) -> None:
    (question,) = parse(meant)
    assert isinstance(question, Question)
    assert _reading(written)[0] == in_text(question.expr)


DERIVATIVES = {
    r"\nabla_{\mathbf x} \mathbf x^\top \mathbf A \mathbf x": ("x^T A x", ("x",), None),
    r"\nabla^2_x (x^\top A x)": ("x^T A x", ("x",), 2),
    r"\frac{\partial}{\partial \mathbf{x}} \|\mathbf x - \mathbf b\|^2": ("||x - b||^2", ("x",), None),
    r"\frac{\partial\, x^\top A x}{\partial x}": ("x^T A x", ("x",), None),
    r"\frac{\partial^2}{\partial x \partial x^\top} (x^\top A x)": ("x^T A x", ("x",), 2),
    r"\frac{\mathrm d^2}{\mathrm d t^2} \det(A + t B)": ("det(A + t B)", ("t",), 2),
    r"\boldsymbol{\nabla}_{x} x^\top A x": ("x^T A x", ("x",), None),
    r"\partial_{x} (x^\top A x)": ("x^T A x", ("x",), None),
    r"x^\top A x wrt x": ("x^T A x", ("x",), None),
}


@pytest.mark.parametrize(("written", "meant"), DERIVATIVES.items())
def test_the_left_side_says_by_what_is_differentiated(written: str, meant: tuple[str, tuple[str, ...], int]) -> None:
    ((question),) = read(written).statements
    assert isinstance(question, Question)
    assert (in_text(question.expr), question.wrt, question.order) == meant


def test_a_derivative_of_what_is_defined() -> None:
    found = run([r"f = \mathbf{a}^\top \mathbf{W}^\top \mathbf{x}, \quad \frac{\partial f}{\partial \mathbf{W}} = ?", "-q"])
    assert (found.stdout, found.stderr, found.status) == ("x a^T\n", "", 0)


def _answered(text: str, *options: str) -> str:
    """The result alone, where the text is read without a mistake."""
    found = run([text, *options, "-q", "--to", "text"])
    assert (found.status, found.stderr) == (0, ""), found.stderr
    return found.stdout.strip()


def test_a_definition_that_a_formula_uses_is_not_what_is_asked() -> None:
    neo_hooke = r"W = \frac{\mu}{2}(\operatorname{tr}(\mathbf{F}^T\mathbf{F}) - 3) - \mu\ln J, \quad J = \det\mathbf{F}"
    assert _answered(neo_hooke, "--wrt", "F") == "mu (F - F^-T)"
    square = r"L = \frac12\|\mathbf{e}\|^2 \text{ where } \mathbf{e} = \mathbf{y} - \mathbf{X}\mathbf{w}"
    assert _answered(square, "--wrt", "w") == "e = y - X w; -X^T e"
    assert _answered(r"$L = \|\mathbf{e}\|^2$, where $\mathbf{e} = \mathbf{w}$", "--wrt", "w") == "2 w"
    assert _answered(r"f = \mathbf{a}^\top\mathbf{x}, \quad g = \mathbf{b}^\top\mathbf{x}", "--wrt", "x") == "b"


def test_a_function_of_one_variable_is_differentiated_by_it() -> None:
    assert _answered(r"f(\mathbf{x}) = \mathbf{x}^\top \mathbf{A} \mathbf{x}") == "(A + A^T) x"
    assert (
        _answered(r"\nabla^2 f(\mathbf{x}), \quad f(\mathbf{x}) = \frac12\mathbf{x}^\top\mathbf{Q}\mathbf{x}") == "1/2 (Q + Q^T)"
    )
    assert _answered(r"\hat{\beta} = \operatorname*{arg\,min}_{\beta} \|y - X \beta\|_2^2") == "-2 X^T (y - X beta)"
    assert _answered(r"\underset{x \in \mathbb{R}^n}{\min} \|A x\|^2") == "2 A^T A x"
    assert _answered(r"\min_{x} \|A x\|^2", "--wrt", "A") == "2 A x x^T"


def test_bold_small_letters_may_be_tensors() -> None:
    _, kinds, _ = _reading(
        r"\boldsymbol\sigma : \boldsymbol\varepsilon + \operatorname{tr}(\boldsymbol\tau) + \boldsymbol\chi^{-1} + \boldsymbol\mu"
    )
    assert kinds == {"sigma": "matrix", "epsilon": "matrix", "tau": "matrix", "chi": "matrix", "mu": "vector"}


LABELS = {
    r"f: \mathbb{R}^n \to \mathbb{R},\ f(x) = x^\top x": "x^T x",
    r"S(\mathbf{b}) = \mathbf{e}'\mathbf{e} = (\mathbf{y} - \mathbf{b})'(\mathbf{y} - \mathbf{b})": "(y - b)^T (y - b)",
    r"\ln p(\mathbf{t}|\alpha, \beta) = \|\mathbf{t}\|^2": "||t||^2",
    r"D_{\mathrm{KL}}(q\,\|\,p) = \|\mathbf{t}\|^2": "||t||^2",
    r"\hat\sigma^2 = \frac1n \|\mathbf{t}\|^2": "(1 / n) ||t||^2",
    r"y = f(\mathbf{t}) = \|\mathbf{t}\|^2": "||t||^2",
    r"k(\mathbf{x}, \mathbf{x}') = \|\mathbf{x} - \mathbf{x}'\|^2": "||x - x_prime||^2",
    r"f := \mathbf{t}^\top\mathbf{t}": "t^T t",
    r"C \overset{\text{def}}{=} \underbrace{\mathbf{t}^\top\mathbf{t}}_{\text{fit}} \\[2pt] + 1": "t^T t + 1",
}


@pytest.mark.parametrize(("written", "meant"), LABELS.items())
def test_a_left_side_that_is_no_formula_is_the_name_of_the_value(written: str, meant: str) -> None:
    assert _reading(written)[0] == meant


DECLARED = {
    r"\log\det X, \quad X \in \mathbb{S}_{++}^n": "X: spd n",
    r"\|Ax - b\|^2, A\in\mathbb{R}^{m\times n}, b \in \mathbb{R}^m": "A: m x n | b: m",
    r"a^\top x \text{ where } a, x \in \mathbf{R}^{2n+1}": "a: 2 n + 1 | x: 2 n + 1",
    r"\operatorname{tr}(Q X), Q \in \mathrm{O}(n), X \in S^n": "Q: orthogonal n | X: symmetric n",
    r"\lambda \|x\|^2, \lambda \in \mathbb{R}_{+}, y \in \{0, 1\}, n \in \mathbb{N}, \lambda > 0": "lambda: scalar | y: scalar",
    r"\sigma^2 x^\top y, x \in \mathbb{R}^{n \times 1}": "x: n",
}


@pytest.mark.parametrize(("written", "meant"), DECLARED.items())
def test_membership_is_a_declaration(written: str, meant: str) -> None:
    reading = read(written, "latex")
    assert not reading.failed
    declared = [one for one in reading.statements if isinstance(one, Declaration)]
    sizes = [" x ".join(in_text(size) for size in one.sizes) or "scalar" for one in declared]
    shown = [
        f"{one.name}: {one.property + ' ' + size.split(' x ')[0] if one.property else size}" for one, size in zip(declared, sizes)
    ]
    assert " | ".join(shown) == meant
    assert all(one.span.end <= len(written) for one in declared)


# Chains


def test_forms_that_are_said_to_be_equal_are_compared() -> None:
    good = r"f(\mathbf{w}) = \|\mathbf{w} - \mathbf{b}\|^2 = \mathbf{w}^\top\mathbf{w} - 2\mathbf{b}^\top\mathbf{w} + \mathbf{b}^\top\mathbf{b}"
    assert _answered(good) == "2 (w - b)"
    found = run([good.replace("- 2", "- "), "-q"])
    assert found.status == 3 and "error[E113]" in found.stderr
    assert "help: ||w - b||^2\n" in found.stderr and "help: w^T w - b^T w + b^T b\n" in found.stderr
    zero = run([r"\mathbf{A}^\top\mathbf{P} + \mathbf{P}\mathbf{A} = \mathbf{0}", "--wrt", "P", "-q"])
    assert zero.status == 3 and "error[E113]" in zero.stderr
    sizes = r"\operatorname{vec}(\mathbf{A}\mathbf{X}) = (\mathbf{I}\otimes\mathbf{A})\operatorname{vec}(\mathbf{X})"
    assert _answered(sizes, "--wrt", "X", "--notation", "kronecker") == "kron(I, A)"
    by_numbers = (
        r"\log\det(\mathbf{A}\mathbf{B}) = \log\det\mathbf{A} + \log\det\mathbf{B}, \mathbf{A} \in \mathbb{R}^{n\times n}"
    )
    assert _answered(by_numbers, "--wrt", "A") == "A^-T"


def test_a_written_derivative_is_compared() -> None:
    good = run([r"f = \mathbf{x}^\top\mathbf{A}\mathbf{x}, \nabla_{\mathbf{x}} f = (\mathbf{A} + \mathbf{A}^\top)\mathbf{x}"])
    assert good.status == 0 and good.stdout == "(A + A^T) x\n" and "equal:" in good.stderr
    bad = run([r"\frac{\partial \mathbf{x}^T\mathbf{A}\mathbf{x}}{\partial\mathbf{x}} = 2\mathbf{A}\mathbf{x}"])
    assert bad.status == 1 and "not equal unless A is symmetric" in bad.stderr
    two = run([r"\frac{\partial\ln\det\mathbf{X}}{\partial\mathbf{X}} = (\mathbf{X}^{-1})^T = \mathbf{X}^{-T}"])
    prime = run([r"f(t) = \det(\mathbf{A} + t\mathbf{B}), f'(t) = \det(\mathbf{A} + t\mathbf{B})"])
    assert prime.status == 1 and "not equal" in prime.stderr
    assert two.status == 0 and two.stderr.count("equal:") == 2


# Kinds


def test_bold_type_tells_kinds() -> None:
    _, kinds, _ = _reading(r"\mathbf{X}\boldsymbol{\beta} + y \mathbf{x}_i + \lambda \boldsymbol\Sigma \vec{v} + N \mathbf{1}")
    assert kinds == {
        "X": "matrix",
        "beta": "vector",
        "y": "scalar",
        "x_i": "vector",
        "Sigma": "matrix",
        "v": "vector",
        "N": "scalar",
    }
    assert _reading(r"X \beta + \mathbf{1}")[1] == {}


def test_bold_vectors_do_not_make_plain_capitals_numbers() -> None:
    """The same author may write vectors in bold type and matrices in plain one."""
    formula, kinds, _ = _reading(r"-\mathbf{y}^\top K^{-1}\mathbf{y} - \log|K| - c")
    assert formula == "-y^T K^-1 y - log(det(K)) - c"
    assert kinds == {"y": "vector", "c": "scalar"}
    assert run([r"\frac{N}{2}\mathbf{w}^\top K \mathbf{w}", "--wrt", "N", "-q"]).stdout == "1/2 w^T K w\n"


def test_a_power_of_e_is_the_exponential_of_one_matrix_and_of_each_entry_of_a_product() -> None:
    one = run([r"\operatorname{tr} e^{\mathbf{A}}", "--wrt", "A"])
    assert (
        one.stdout == "expm(A)^T\n" and "note[W617]: `e^{\\mathbf{A}}` is read as the exponential of a matrix, expm" in one.stderr
    )
    several = run([r"\mathbf{1}^\top e^{\mathbf{Q}\mathbf{K}^\top}\mathbf{1}", "--wrt", "Q"])
    assert several.stdout == "exp(Q K^T) K\n" and "note[W605]: `exp` acts on each entry" in several.stderr
    declared = run([r"\operatorname{tr} e^{x}", "--wrt", "x", "--var", "x: n x n"])
    assert declared.stdout == "expm(x)^T\n" and "note[W617]" in declared.stderr


def test_letters_that_differ_in_type_only_have_names_of_their_own() -> None:
    formula, kinds, _ = _reading(r"\mathbf{x}^\top\mathbf{x} + x + \epsilon\varepsilon + \mathcal{L} L")
    assert formula == "x^T x + x_plain + epsilon epsilon_var + L_cal L"
    assert (kinds["x"], kinds["x_plain"]) == ("vector", "scalar")


def test_a_declaration_in_the_text_or_the_option_wins() -> None:
    assert run([r"W: 2 x 3; \|\mathbf{W} x\|^2 wrt x", "--shapes"]).status == 0
    assert run([r"\mathbf{x}^\top\mathbf{y}", "--wrt", r"\mathbf{x}", "--var", "y: 3", "-q"]).stdout == "y\n"


@pytest.mark.parametrize("written", [r"\beta", "beta", "β", r"\boldsymbol{\beta}", r"$\mathbf{\beta}$"])
def test_a_variable_is_named_in_any_notation(written: str) -> None:
    assert name_in(written) == "beta"


# What cannot be read: one error at its place

ERRORS = {
    r"a + \prod_{i \mid n} x_i^2": ("E101", r"\prod"),
    r"\sum_{i,j \in S} x_i x_j": ("E101", r"\sum"),
    r"1 + \max_{i \ne j} x_i": ("E101", r"\max"),
    r"\lim_{n} x_n": ("E101", r"\lim"),
    r"\mathbb{E}[X]": ("E101", r"\mathbb"),
    r"\int x": ("E101", r"\int"),
    r"\delta_{ij} A": ("E101", r"\delta"),
    r"\mathbf{\(} = x": ("E101", r"\mathbf"),
    r"a \over b": ("E105", r"\over"),
    r"y = \foo x, z = \foo y": ("E105", r"\foo"),
    r"\foo{x}": ("E105", r"\foo"),
    r"\alpha + f(x)": ("E210", "f"),
    r"\operatorname{foo}(x)": ("E201", r"\operatorname{foo}"),
    r"\frac{(x": ("E102", "("),
    r"\left( x": ("E102", "("),
    r"\|x": ("E102", r"\|"),
    r"\alpha x)": ("E101", ")"),
    r"a \times b": ("E101", r" \times "),
    r"|\mathbf{x}|": ("E101", r"|\mathbf{x}|"),
    r"\alpha y^{(i + \beta^2)}": ("E101", "^{(i + \\beta^2)}"),
    r"\alpha A^*": ("E101", "^*"),
    "(A)^+ + \\alpha": ("E101", "^+"),
    r"\alpha x^{10} + x^10": ("E101", "10"),
    r"\alpha + ": ("E103", ""),
    r"\alpha + )": ("E101", ")"),
    r"\log x \odot y": ("E106", r"\log"),
    r"\operatorname{tr} A B / c": ("E106", r"\operatorname{tr}"),
    r"\log{x} y": ("E106", r"\log"),
    r"\frac{x": ("E102", "{"),
    r"\frac{1}23 x": ("E101", "23"),
    r"\frac123 x": ("E101", "123"),
    r"\sqrt12 x": ("E101", "12"),
    r"\log^x(x)": ("E101", "^"),
    r"\operatorname{expm}^2(A)": ("E101", "^"),
    r"\log^{-1}(x)": ("E101", "^"),
    r"{x + y}^\top z": ("E101", "{"),
    r"\nabla_x x^\top A x + c": ("E101", "+"),
    r"\nabla_x f = 2 A x": ("E101", "f"),
    r"\frac{\partial f(\mathbf{x})}{\partial \mathbf{x}} = 2 \mathbf{x}": ("E101", "f"),
    r"\left.x^\top A x\right|_{x=x_0}": ("E101", "|"),
    r"\min_{x \ge 0} c^\top x": ("E101", "x"),
    r"\min_{i \ne j} x_i": ("E101", "i"),
    r"\mathbf{W}^\top\sigma'(\mathbf{z})": ("E101", "'"),
    r"\phi(\mathbf{W}\mathbf{x})": ("E210", r"\phi"),
    r"\mathbf{a}^\top g(\mathbf{W}\mathbf{x} + \mathbf{b})": ("E210", "g"),
    r"\sigma(1 - \rho) x": ("E101", r"\sigma"),
    r"\boldsymbol\omega^\top\mathbf{I}_c\boldsymbol\omega": ("E101", r"\mathbf{I}_c"),
    r"\mathbf{x}^\top\mathbf{1}_{A}": ("E101", r"\mathbf{1}_{A}"),
    r"f(x) \approx x^\top x": ("E101", r"\approx"),
    r"\|\mathbf{A}\mathbf{x}\|^2 \leq c": ("E101", r"\leq"),
    r"\log p(\mathbf{y}|\mathbf{f}) - \frac12\mathbf{f}^\top K \mathbf{f}": ("E210", "p"),
    r"f(x) = \|x\|^2, g = f'(x) a": ("E101", "'"),
    r"\|x\|^2, x \in \mathcal{X}": ("E101", r"\mathcal{X}"),
    r"\|x\|^2, x \in \mathbb{C}^n": ("E101", r"\mathbb{C}^n"),
    r"\|x\|^2 \text{ s.t. } x": ("E101", r"\text"),
    r"\mathbf{I} = \alpha": ("E204", r"\mathbf{I}"),
    r"Let $x$ be": ("E101", "be"),
    r"\|x\|_{\mathcal H}": ("E101", r"_{\mathcal H}"),
    r"\|x\|_0": ("E101", "_0"),
    r"\begin{cases} x \end{cases}": ("E105", r"\begin{cases}"),
    r"\alpha \text{if x}": ("E101", "x"),
    r"\|loss\|": ("E101", "loss"),
    "$x$ \\\n y": ("E101", "\\\n"),
    "\\begin{a\\\nb} x": ("E105", "\\begin{a\\\nb}"),
}


@pytest.mark.parametrize(("written", "told"), ERRORS.items())
def test_what_cannot_be_read_is_one_error_at_its_place(written: str, told: tuple[str, str]) -> None:
    error, place = _error(written)
    assert (error.code, place) == told
    shown = run([written, "--order", "0"])
    assert shown.status == 3 and shown.stderr.count("error[") == 1 and f"error[{told[0]}]" in shown.stderr


def test_hostile_text_is_refused_in_time() -> None:
    for text in ("{" * 300, "\\left(" * 300 + "x", "\\frac{1}{" * 190 + "x" + "}" * 190, "\\sqrt{" * 150 + "x" + "}" * 150):
        outcome = run([text + r"\alpha", "--order", "0"])
        assert outcome.status in (0, 2, 3, 4) and "E700" not in outcome.stderr
    deep = "(" * (NESTING + 1) + r"\alpha" + ")" * (NESTING + 1)
    assert run([deep, "--order", "0"]).status == 4


def test_high_powers_of_products_keep_the_time() -> None:
    """`\\|A x\\|_33` has 33 equal factors, which are looked for among 33 others."""
    found = run([r"\|\mathbf{A}\mathbf{x}\|_{33}", "--wrt", "x", "--timeout", "0.5"])
    assert found.status in (0, 4) and "E700" not in found.stderr


@given(st.lists(st.sampled_from(PARTS), max_size=14))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused(parts: list[str]) -> None:
    text = "".join(parts)
    reading = read(text, "latex")
    for _, errors in reading.failed:
        for error in errors:
            assert len(diagnose(error, text).message.splitlines()) == 1
    assert reading.failed or reading.statements


# Which texts are LaTeX, and what is said about them


@pytest.mark.parametrize("text", [r"A\b", r"A \ b", r"A\ones(3, 1)", "x^T A x", r"f = \(x) x", "A\\(B b)"])
def test_other_texts_are_none(text: str) -> None:
    assert syntax_of(text) == "matdiff"


@pytest.mark.parametrize("text", [r"\beta x", "$x^T x$", r"\|x\|", r"a\,b", r"\[x\]"])
def test_texts_with_commands_are_latex(text: str) -> None:
    assert syntax_of(text) == "latex"


def test_what_was_read_is_said_on_stderr_alone() -> None:
    found = run([r"\tfrac12 \|\mathbf{y}-\mathbf{X}\boldsymbol\beta\|^2", "--wrt", r"\beta"])
    assert found.stdout == "-X^T (y - X beta)\n"
    assert found.stderr == "note[W619]: read as `1/2 ||y - X beta||^2`\n"
    answer = matdiff.differentiate(r"\|\mathbf x\|^2", r"\mathbf{x}")
    assert [remark.read for remark in answer.remarks if isinstance(remark, ReadAs)] == ["||x||^2"]
