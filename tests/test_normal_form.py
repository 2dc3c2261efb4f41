"""The normal form: equal formulas get one form however they are written and in whatever order laws are applied.

Random expressions are drawn together with another way of writing them: at every level a form may be replaced by one that is equal
by a law of the language.  `HYPOTHESIS_PROFILE=fuzz` draws thousands.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from matdiff.api import Derivative, differentiate
from matdiff.derive.sweep import derive
from matdiff.infer.infer import infer
from matdiff.laws import simplify
from matdiff.read.parse import Question, parse, parse_declaration
from matdiff.tensor import build
from matdiff.tensor.lift import lower
from matdiff.tensor.lower import variable_tensor
from matdiff.tensor.nodes import Session, Tensor, entered

DECLARATIONS = [
    "x: n", "y: n", "u: m", "A: n x n", "B: n x n", "W: m x n", "S: symmetric n", "P: spd n", "D: diagonal n", "Q: orthogonal n",
    "alpha: scalar", "beta: scalar",
]  # fmt: skip
LEAVES = {
    "s": ["alpha", "beta", "2", "1/3", "-1"],
    "v": ["x", "y", "ones(n)"],
    "m": ["A", "B", "S", "P", "D", "Q", "eye(n)"],
}
# In every line the formulas are equal; `{v0}` is the first vector in it, `{m1}` the second matrix, `{s0}` the first scalar.
FORMS = {
    "s": [
        ("{v0}^T {v1}", "{v1}^T {v0}", "sum({v0} .* {v1})", "tr({v0} {v1}^T)"),
        ("{v0}^T {m0} {v1}", "{v1}^T {m0}^T {v0}", "{m0} : ({v0} {v1}^T)"),
        ("tr({m0})", "tr({m0}^T)", "sum(diag({m0}))"),
        ("tr({m0} {m1})", "tr({m1} {m0})", "{m0}^T : {m1}", "sum({m1} .* {m0}^T)"),
        ("sum({v0})", "ones(n)^T {v0}"),
        ("{s0} + {s1}", "{s1} + {s0}"),
        ("{s0} {s1}", "{s1} {s0}"),
        ("||{v0}||^2", "{v0}^T {v0}", "sum({v0} .^ 2)"),
        ("||{m0}||_F^2", "tr({m0}^T {m0})", "tr({m0} {m0}^T)"),
        ("logdet(eye(n) + {m0}^T {m0})", "logdet({m0}^T {m0} + eye(n))"),
        ("logsumexp({v0})", "log(sum(exp({v0})))"),
        ("softplus({s0})", "log(1 + exp({s0}))"),
        ("sigmoid({s0})", "1 / (1 + exp(-{s0}))"),
        ("sin({s0})",),
        ("tr({s0} {m0})", "{s0} tr({m0})"),
        ("exp({s0})^2 exp(-{s0})", "exp({s0})"),
        ("||{v0}||^alpha {v0}^T {v0} {s0}", "||{v0}||^(alpha + 2) {s0}"),
        ("tr({m0} dexpm(A, {m1}))", "tr({m1} dexpm(A, {m0}))"),
    ],
    "v": [
        ("{m0} {v0}", "({v0}^T {m0}^T)^T"),
        ("{m0} {m1} {v0}", "{m0} ({m1} {v0})", "({m0} {m1}) {v0}"),
        ("{v0} .* {v1}", "{v1} .* {v0}", "diag({v0}) {v1}", "diag({v1}) {v0}"),
        ("{v0} + {v1}", "{v1} + {v0}"),
        ("{v0} - {v1}", "-{v1} + {v0}"),
        ("{s0} {v0}", "{v0} {s0}"),
        ("diag({m0})", "diag({m0}^T)"),
        ("softmax({v0})", "exp({v0}) / sum(exp({v0}))"),
        ("inv(diag(exp({v0}))) {v1}", "{v1} ./ exp({v0})"),
        ("{v0} ({v1}^T {v0})", "{v0} {v1}^T {v0}"),
        ("tanh({v0})", "sinh({v0}) ./ cosh({v0})"),
    ],
    "m": [
        ("{m0} {m1}", "({m1}^T {m0}^T)^T"),
        ("{m0}^T", "({m0}^T)^T^T"),
        ("{m0} + {m1}", "{m1} + {m0}", "({m0}^T + {m1}^T)^T"),
        ("{m0} - {m1}", "-{m1} + {m0}"),
        ("{m0} .* {m1}", "{m1} .* {m0}", "({m0}^T .* {m1}^T)^T"),
        ("{v0} {v1}^T", "({v1} {v0}^T)^T", "diag({v0}) ones(n, n) diag({v1})"),
        ("diag({v0})", "diag({v0})^T"),
        ("diag({v0}) {m0}", "({v0} ones(n)^T) .* {m0}"),
        ("{s0} {m0}", "{m0} {s0}"),
        ("inv(eye(n) + {m0}^T {m0})", "inv(eye(n) + {m0}^T {m0})^T"),
        ("inv(P (eye(n) + {m0}^T {m0}) D)", "D^-1 (eye(n) + {m0}^T {m0})^-1 P^-1", "(P (I + {m0}^T {m0}) D)^-1"),
        ("S {m0}", "S^T {m0}"),
        ("Q^T {m0}", "inv(Q) {m0}"),
        ("D {m0}", "diag(diag(D)) {m0}"),
        ("exp({m0})", "exp({m0}^T)^T"),
        ("P^-1 logm(P) {m0}", "logm(P) P^-1 {m0}"),
        ("A expm(alpha A) {m0}", "expm(alpha A) A {m0}", "dexpm(alpha A, A) {m0}"),
        ("{m0} S logm(P) expm(S) logm(P) P", "{m0} S logm(P) expm(S) P logm(P)"),
        ("dexpm(S, {m0})", "dexpm(S, {m0}^T)^T"),
    ],
}  # fmt: skip


@st.composite
def written_twice(draw: st.DrawFn, kind: str, depth: int) -> tuple[str, str]:
    """A scalar ("s"), an n-vector ("v") or an n x n matrix ("m"), and another way of writing it."""
    if depth == 0:
        leaf = draw(st.sampled_from(LEAVES[kind]))
        return leaf, leaf
    forms = draw(st.sampled_from(FORMS[kind]))
    names = sorted(set(re.findall(r"\{(\w+)\}", forms[0])))
    parts = {name: draw(written_twice(name[0], draw(st.integers(0, depth - 1)))) for name in names}
    texts = []
    for place, form in enumerate((forms[0], draw(st.sampled_from(forms)))):
        texts.append(re.sub(r"\{(\w+)\}", lambda match, place=place: _bracketed(parts[match[1]][place]), form))  # type: ignore[misc]
    return texts[0], texts[1]


def _bracketed(text: str) -> str:
    return text if re.fullmatch(r"\w+", text) else f"({text})"


# Where `simplify` finds its laws.
LAWS = ((simplify, "PRODUCT_LAWS"), (simplify, "APPLY_LAWS"), (simplify, "SUM_LAWS"))
KINDS = st.sampled_from("svm")
PAIRS = KINDS.flatmap(lambda kind: written_twice(kind, 3))


def answer_of(text: str) -> Derivative:
    return differentiate(text, order=0, declarations=DECLARATIONS)


@given(PAIRS)
def test_presentation(pair: tuple[str, str]) -> None:
    """The difference of two ways of writing a formula is zero, in the normal form."""
    one, other = pair
    tensor = answer_of(f"({one}) - ({other})").result.tensor
    assert build.number_of(tensor) == 0, (one, other)


@given(PAIRS)
def test_idempotence(pair: tuple[str, str]) -> None:
    """What is printed, read back, is printed as it is."""
    once = answer_of(pair[0])
    assume(once.result.form == "matrix")
    twice = answer_of(once.text)
    assert twice.text == once.text


@given(PAIRS, st.integers(0, 999).map(Random))
def test_schedule(pair: tuple[str, str], random: Random) -> None:
    """Laws in another order, and the gradient by x too, give the same tensor: not an equal one, the same object."""
    with entered(Session()) as session:
        (question,) = (s for s in parse(pair[0], known=[d.split(":")[0] for d in DECLARATIONS]) if isinstance(s, Question))
        declared = [d for text in DECLARATIONS for d in parse_declaration(text)]
        typed = infer(question.expr, declared, {}, wrt=())
        lowered, _ = lower(typed, frozenset())
        wanted = [lowered]
        if "x" in typed.variables and lowered.order <= 1:
            wanted.append(derive(lowered, variable_tensor(typed.variables["x"])))
        first = [simplify.simplify(tensor) for tensor in wanted]
        for node in list(session.nodes.values()):
            node.cache.pop("settled", None)
        with pytest.MonkeyPatch.context() as patch:
            for module, name in LAWS:
                laws = list(getattr(module, name))
                random.shuffle(laws)
                patch.setattr(module, name, tuple(laws))
            second = [simplify.simplify(tensor) for tensor in wanted]
        assert all(one is other for one, other in zip(first, second)), (pair[0], _shown(first), _shown(second))


def _shown(tensors: Sequence[Tensor]) -> list[str]:
    return [repr(tensor) for tensor in tensors]


@given(PAIRS)
def test_soundness(pair: tuple[str, str]) -> None:
    """The simplified formula has the value of the given one at random points."""
    report = answer_of(pair[0]).verify()
    assume(report.trials)
    assert report.passed, (pair[0], answer_of(pair[0]).text, report)
