"""Random sums over an index: the question in matrices has the value of the sum written out, and its derivative is true."""

from __future__ import annotations

import argparse
import random
import sys

from mathematics import check_answer
from test_sums import check_reading

import matdiff
from matdiff.language.errors import Errors, MatdiffError

_ONE = ("a_{i}", "b_{i}", "w^T x_{i}", "x_{i}^T A x_{i}", "||x_{i} - m||^2", "x_{i}^T u", "c", "d_{i}^2")
_TWO = ("k_{i}{j}", "x_{i}^T z_{j}", "(a_{i} - b_{j})", "||x_{i} - x_{j}||^2", "u^T (x_{i} - x_{j})")
# What has no value, or no derivative, for i = j, and so stands where this is left out.
_APART = (
    "||x_{i} - x_{j}||",
    "1 / ||x_{i} - x_{j}||",
    "1 / (a_{i} - a_{j})",
    "log ||x_{i} - x_{j}||",
    "k_{i}{j} / (d_{i} - d_{j})^2",
)
# Members that are held.
_HELD = ("a_h", "w^T x_h", "x_h^T x_{i}", "||x_h - x_{i}||^2", "k_h{i}", "(b_{i} - b_g)")
_OF = ("exp({})", "tanh({})", "log(1 + exp({}))", "sigmoid({})", "({})^2", "sin({})")
_HEADS = (
    "sum_i",
    "mean_i",
    "sum_{i=1}^n",
    "∑_i",
    "sum_{i in S}",
    "mean_{i in S}",
    "prod_i",
    "max_i",
    "sum_{i != h}",
    "prod_{i in S}",
)
_PAIRS = (
    "sum_ij",
    "sum_{i,j}",
    "sum_{i != j}",
    "sum_{i<j}",
    "sum_i sum_j",
    "mean_{i != j}",
    "sum_{(i,j) in E}",
    "sum_i sum_{j != i}",
)


def question(seed: int) -> tuple[str, str]:
    """A text, and a variable in it."""
    draw = random.Random(seed)
    pair = draw.random() < 0.4
    head = draw.choice(_PAIRS if pair else _HEADS)
    is_held = "h" in head or draw.random() < 0.3

    def atom() -> str:
        if pair and ("!=" in head or "<" in head) and draw.random() < 0.4:
            return "(" + draw.choice(_APART).replace("{i}", "i").replace("{j}", "j") + ")"
        if is_held and draw.random() < 0.4:
            return draw.choice(_HELD).replace("{i}", "i")
        if pair and draw.random() < 0.6:
            return draw.choice(_TWO).replace("{i}", "i").replace("{j}", "j")
        return draw.choice(_ONE).replace("{i}", "j" if pair and draw.random() < 0.3 else "i")

    def body(depth: int) -> str:
        kind = draw.random()
        if depth == 0 or kind < 0.3:
            return atom()
        if kind < 0.55:
            return draw.choice(_OF).format(body(depth - 1))
        joint = draw.choice((" + ", " - ", " ")) if kind < 0.85 else " "
        left, right = body(depth - 1), body(depth - 1)
        return f"({left}{joint}{right})" if joint != " " else f"{left} ({right})"

    text = f"{head} ({body(2)})"
    if is_held and draw.random() < 0.5:
        text = draw.choice(("w^T x_h - {}", "exp(w^T x_h) / {}", "log((w^T x_h)^2 / (1 + ({})^2))")).format(text)
    if draw.random() < 0.3:
        text = draw.choice(("log(1 + exp({}))", "({})^2", "{} + sum_k g_k^2", "lambda ({})")).format(text)
    names = [name for name in ("w", "A", "m", "u", "a", "b", "x", "z", "c", "d", "k") if _stands(name, text)]
    variable = draw.choice(names or ["a"])
    is_family = variable in ("a", "b", "x", "z", "d") and f"{variable}_" in text
    return text, f"{variable}_l" if is_family and draw.random() < 0.5 else variable


def _stands(name: str, text: str) -> bool:
    import re

    return re.search(rf"(?<![A-Za-z_]){name}(?![A-Za-z])", text) is not None


def main() -> int:
    """Prints what is wrong, and counts; 1 if anything is."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    right = refused = wrong = sums = 0
    for seed in range(options.seed, options.seed + options.count):
        text, variable = question(seed)
        try:
            answer = matdiff.differentiate(text, variable, timeout=20)
        except (Errors, MatdiffError) as problem:
            refused += 1
            print(seed, "refused", text, variable, getattr(problem, "code", ""), str(problem).splitlines()[0][:80])
            continue
        try:
            check_reading(text, answer)
            check_answer(answer, 2)
            right += 1
            sums += answer.result.form == "sum"
        except Exception as problem:
            wrong += 1
            print(seed, "WRONG", text, variable, type(problem).__name__, str(problem)[:200])
    print(f"{right} right ({sums} with sums), {refused} refused, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
