"""Random index expressions with arrays of one to four axes: the printed code against JAX, which differentiates the same by itself.

What is written is evaluated here by its entries, without anything of ours: a sum is a sum over an axis, an entry an axis of an array.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.numpy as jnp
import numpy as np
from running import module

import matdiff
from matdiff.code.module import function_name
from matdiff.language.errors import Errors, MatdiffError

jax.config.update("jax_enable_x64", True)

# The arrays: how long their axes are.  Letters run over axes of one length.
ARRAYS = {
    "a": (2,),
    "b": (3,),
    "c": (2,),
    "A": (2, 3),
    "B": (3, 3),
    "M": (2, 2),
    "T": (2, 3, 2),
    "S": (3, 2, 3),
    "G": (2, 2, 3, 3),
}
LETTERS = {2: "ikmp", 3: "jlnq"}
FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {
    "exp": jnp.exp,
    "tanh": jnp.tanh,
    "sin": jnp.sin,
    "sigmoid": jax.nn.sigmoid,
    "softplus": jax.nn.softplus,
    "square": jnp.square,
}
# So many questions are compiled together.
AT_ONCE = 50
SIZES = {letter: size for size, letters in LETTERS.items() for letter in letters}

Value = Callable[[Mapping[str, Any]], Any]


class Part(NamedTuple):
    """A piece of a formula: its text, the letters of its axes in alphabetical order, and its value from the arrays."""

    text: str
    letters: str
    value: Value
    is_atom: bool = True

    @property
    def grouped(self) -> str:
        return self.text if self.is_atom else f"({self.text})"


def _spread(value: Any, own: str, letters: str) -> Any:
    """The value with an axis for each of these letters."""
    shape = [value.shape[own.index(letter)] if letter in own else 1 for letter in letters]
    return jnp.asarray(value).reshape(shape)


def entry(draw: random.Random, used: str) -> Part:
    """An entry of an array, with letters that stand already where there are some."""
    name = draw.choice(list(ARRAYS))
    letters = []
    for size in ARRAYS[name]:
        known = [letter for letter in used if SIZES[letter] == size]
        letters.append(draw.choice(known) if known and draw.random() < 0.7 else draw.choice(LETTERS[size]))
    own = "".join(sorted(set(letters)))
    spec = f"{''.join(letters)}->{own}"
    return Part(f"{name}[{','.join(letters)}]", own, lambda arrays: jnp.einsum(spec, arrays[name]))


def combined(draw: random.Random, parts: list[Part]) -> Part:
    """A sum, difference or product."""
    letters = "".join(sorted({letter for part in parts for letter in part.letters}))
    sign = draw.choice("**+-") if len(parts) == 2 else "*"
    if sign == "*":
        text = " ".join(part.grouped for part in parts)
    else:
        text = f" {sign} ".join(part.grouped for part in parts)

    def value(arrays: Mapping[str, Any]) -> Any:
        total = None
        for part in parts:
            one = _spread(part.value(arrays), part.letters, letters)
            total = one if total is None else total * one if sign == "*" else total + one if sign == "+" else total - one
        return jnp.broadcast_to(total, [SIZES[letter] for letter in letters])

    return Part(text, letters, value, False)


def applied(draw: random.Random, part: Part) -> Part:
    name = draw.choice(list(FUNCTIONS))
    function = FUNCTIONS[name]
    text = f"{part.grouped}^2" if name == "square" else f"{name}({part.text})"
    return Part(text, part.letters, lambda arrays: function(part.value(arrays)))


def summed(draw: random.Random, part: Part, letters: str) -> Part:
    axes = tuple(part.letters.index(letter) for letter in letters)
    rest = "".join(letter for letter in part.letters if letter not in letters)
    text = f"sum[{','.join(draw.sample(letters, len(letters)))}] {part.grouped}"
    return Part(text, rest, lambda arrays: jnp.sum(part.value(arrays), axis=axes), False)


def formula(draw: random.Random, depth: int, used: str = "") -> Part:
    if depth == 0:
        return entry(draw, used)
    parts = []
    for _ in range(draw.choice((2, 2, 3))):
        part = formula(draw, depth - 1 if draw.random() < 0.4 else 0, used)
        used += part.letters
        parts.append(part)
    whole = combined(draw, parts)
    if draw.random() < 0.3:
        whole = applied(draw, whole)
    if whole.letters and draw.random() < 0.5:
        whole = summed(draw, whole, draw.sample(whole.letters, draw.randint(1, len(whole.letters))))
    return whole


def question(seed: int) -> tuple[str, str, Part]:
    """The text, the variable, and the whole as a part."""
    draw = random.Random(seed)
    whole = formula(draw, draw.choice((1, 1, 2)))
    while len(whole.letters) > draw.choice((0, 0, 1, 2, 3)):
        whole = summed(draw, whole, "".join(draw.sample(whole.letters, draw.randint(1, len(whole.letters)))))
    names = [name for name in ARRAYS if f"{name}[" in whole.text]
    declared = "; ".join(f"{name}: {' x '.join(map(str, ARRAYS[name]))}" for name in names)
    left = f"Y[{','.join(whole.letters)}] = " if whole.letters else ""
    return f"{declared}; {left}{whole.text}", draw.choice(names), whole


class Question(NamedTuple):
    """What was asked, the answer, what it is in JAX, and the numbers of all arrays."""

    seed: int
    text: str
    variable: str
    answer: matdiff.Derivative
    whole: Part
    arrays: Mapping[str, Any]


def values(questions: Sequence[Question]) -> list[tuple[Any, Any]]:
    """The value of each question and its derivative, by JAX; all are compiled at once, which takes most of the time."""

    def of(one: Question, arrays: Mapping[str, Any]) -> tuple[Any, Any]:
        def value(of_variable: Any) -> Any:
            return one.whole.value({**arrays, one.variable: of_variable})

        derivative = jax.jacobian(jax.jacobian(value)) if one.answer.result.order == 2 else jax.jacobian(value)
        return value(arrays[one.variable]), derivative(arrays[one.variable])

    together = jax.jit(lambda given: [of(one, arrays) for one, arrays in zip(questions, given)])
    return [(np.asarray(value), np.asarray(derivative)) for value, derivative in together([one.arrays for one in questions])]


def is_right(one: Question, value: Any, derivative: Any) -> bool:
    """Whether the printed NumPy code gives the same."""
    names = module(one.answer.to("numpy"))
    given = {name: one.arrays[name] for name in one.answer.typed.variables}
    found = np.asarray(names[function_name(one.answer.result)](**given))
    is_same = found.shape == derivative.shape and np.allclose(found, derivative, rtol=1e-8, atol=1e-9)
    return is_same and np.allclose(names["f"](**given), value, rtol=1e-8, atol=1e-9)


def main() -> int:
    """Prints what is wrong, and counts; 1 if anything is."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    for start in range(options.seed, options.seed + options.count, AT_ONCE):
        questions = []
        for seed in range(start, min(start + AT_ONCE, options.seed + options.count)):
            text, variable, whole = question(seed)
            numbers = np.random.default_rng(seed)
            arrays = {name: numbers.normal(size=shape) / 2 for name, shape in ARRAYS.items()}
            try:
                answer = matdiff.differentiate(text, variable, order=2 if seed % 10 == 0 else 1, timeout=20)
            except (Errors, MatdiffError) as error:
                counts["refused"] += 1
                print(seed, "refused", text, "|", variable, "|", str(error).splitlines()[0][:100])
                continue
            questions.append(Question(seed, text, variable, answer, whole, arrays))
        for one, (value, derivative) in zip(questions, values(questions)):
            try:
                problem = "" if is_right(one, value, derivative) else "another value"
            except Exception as error:
                problem = f"{type(error).__name__}: {str(error)[:150]}"
            counts["wrong" if problem else "right"] += 1
            if problem:
                print(one.seed, "WRONG", one.text, "|", one.variable, "|", problem, flush=True)
    print(f"{counts['right']} right, {counts['refused']} refused, {counts['wrong']} wrong")
    return 1 if counts["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
