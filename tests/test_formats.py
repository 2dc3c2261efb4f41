"""Every code format computes what it should: the published derivatives, every row of the function table, awkward names."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import running
from corpus.test_corpus import REASONS, _function_name, _lines
from mathematics import usable_sizes
from questions import asked
from running import Call, needs
from test_functions import CALLS
from test_sums import ARRAYS, SUMS

import matdiff
from matdiff.api import Derivative
from matdiff.check import verify
from matdiff.code.module import LANGUAGES, function_name
from matdiff.formats.registry import FORMATS
from matdiff.functions import FUNCTIONS, Function
from matdiff.infer.rules import ARGUMENTS
from matdiff.language.queries import shape_of
from matdiff.numbers.axes import number_of_dim

PYTHON = [pytest.param(name, marks=needs(name)) for name in running.IN_PROCESS]
# Where there are many cases NumPy has all of them, and the others, which are slow (JAX compiles every operation for every shape),
# take turns.
TURNS = [
    pytest.param(name, marks=[needs(name)] if name == "numpy" else [needs(name), pytest.mark.sampled(10)])
    for name in running.IN_PROCESS
]


def test_every_language_is_a_format() -> None:
    assert set(LANGUAGES) == {name for name, function in FORMATS.items() if function == "code.module:code"}


# Published derivatives


CORPUS = [case for case in _lines("public.jsonl") if case["id"] not in REASONS]


@functools.cache
def answer_to(place: int) -> Derivative:
    """The answer to a case of the corpus."""
    case = CORPUS[place]
    wrt = case["wrt"]
    more = {"declarations": case["decl"], "structure": case.get("structure") or "project"}
    return matdiff.differentiate(case["expr"], list(dict.fromkeys(wrt)), order=len(wrt), **more)


def published(place: int, format: str) -> Call:
    """The value and the derivative; the derivative alone is what `test_corpus` runs."""
    case = CORPUS[place]
    return Call(answer_to(place).to(format), f"f_and_{_function_name(case['wrt'])}", case["points"][0]["inputs"])


# `test_corpus` runs NumPy on all of them.
@pytest.mark.parametrize("format", PYTHON)
@pytest.mark.parametrize("place", range(len(CORPUS)), ids=[case["id"] for case in CORPUS])
@pytest.mark.sampled(13)
def test_published_derivatives(format: str, place: int) -> None:
    found = running.IN_PROCESS[format](published(place, format))[1]
    wanted = np.asarray(CORPUS[place]["points"][0]["derivative"], float)
    assert found.shape == wanted.shape or (format == "sympy" and found.size == wanted.size)
    assert running.close(found.reshape(wanted.shape), wanted)


@pytest.mark.slow
@needs("octave-cli")
def test_published_derivatives_through_octave(tmp_path: Path) -> None:
    calls = [published(place, "matlab") for place in range(len(CORPUS))]
    for case, (_, found) in zip(CORPUS, running.octave(calls, tmp_path), strict=True):
        wanted = np.asarray(case["points"][0]["derivative"], float)
        assert _axes(found) == _axes(wanted), case["id"]
        assert running.close(found.reshape(wanted.shape, order="F"), wanted), case["id"]


def _axes(array: np.ndarray) -> list[int]:
    return [size for size in array.shape if size != 1]


# Rows of the function table


def rows_of_the_table() -> list[Any]:
    return [pytest.param(*call.values, id=call.id) for call in CALLS]


@functools.cache
def answer_of(
    call: str, declarations: tuple[str, ...], order: int, structure: str, size: int
) -> tuple[Derivative, dict[str, Any], list[np.ndarray]]:
    """A call with its derivative by X, inputs where n is `size`, and the value and derivative there.

    They are those of the NumPy module; the value and some entries of the derivative are compared with many digits.
    """
    answer = matdiff.differentiate(call, "X", order=order, declarations=declarations, structure=structure)
    names = answer.typed.size_names
    sizes = usable_sizes(answer, 3, {"n": size} if "n" in names else {})
    values = verify.sample(answer.typed, 3, sizes)
    assert values is not None
    inputs = {name: _array(matrix, answer.typed.variables[name].shape) for name, matrix in values.items()}
    result = answer.result
    found = running.numpy(Call(answer.to("numpy"), wanted_function(answer), inputs))
    assert running.close(found[0], _array(verify.evaluate(answer.typed.expr, values, sizes), shape_of(answer.typed.expr)))
    if not order:
        return answer, inputs, found
    letters = [(letter, number_of_dim(dim, sizes)) for *_, dim, letter in result.axes]
    assert found[1].shape == tuple(size for _, size in letters)
    places = {tuple(number % size for _, size in letters) for number in (0, 5)}
    parts = {part.name: part.expr for part in result.where}
    for place, number in verify.evaluate_tensor(result.index_expr, letters, values, sizes, places, parts).items():
        assert running.close(found[1][place], float(number))
    return answer, inputs, found


def wanted_function(answer: Derivative) -> str:
    """The function of a module that returns everything."""
    return f"f_and_{function_name(answer.result)}" if answer.result.order else "f"


def _array(matrix: list[list[Any]], shape: Any, sizes: Mapping[str, int] = MappingProxyType({})) -> Any:
    numbers = np.array([[float(entry) for entry in row] for row in matrix])
    if len(shape) > 2:
        return numbers.reshape([number_of_dim(dim, sizes) for dim in shape])
    if len(numbers) == 1 == len(numbers[0]) and any(not dim.is_one for dim in shape):
        numbers = np.full([1 if dim.is_one else dim.value or 1 for dim in shape], numbers[0][0])
    axes = [size for size, dim in zip(numbers.shape, shape, strict=True) if not dim.is_one]
    return numbers.reshape(axes) if axes else float(numbers.ravel()[0])


Question = tuple[Derivative, dict[str, Any], list[np.ndarray]]


def question(row: Function, call: str, declarations: list[str]) -> Question:
    """The row by its argument, small where the derivative has many entries; of a Frechet derivative the value."""
    structure = "ignore" if row.domain == "spd" else "project"
    size = 2 if row.rules and row.form == "matrix" else 3
    return answer_of(call, tuple(declarations), 0 if row.form == "frechet" else 1, structure, size)


# Second derivatives of functions of matrices are arrays with six axes, contracted.
SECOND = [
    ("tr(A expm(X))", ("A: n x n", "X: n x n"), 2, "project", 2),
    ("tr(A adj(X))", ("A: n x n", "X: n x n"), 2, "project", 3),
]


def computes(format: str, question: Question) -> None:
    answer, inputs, expected = question
    source = answer.to(format)
    for actual, wanted in zip(running.IN_PROCESS[format](Call(source, wanted_function(answer), inputs)), expected, strict=True):
        assert actual.shape == wanted.shape or (format == "sympy" and actual.size == wanted.size), source
        assert running.close(actual.reshape(wanted.shape), wanted), source


@pytest.mark.parametrize("format", TURNS)
@pytest.mark.parametrize(("row", "call", "declarations"), rows_of_the_table())
def test_row(row: Function, call: str, declarations: list[str], format: str) -> None:
    computes(format, question(row, call, declarations))


@pytest.mark.parametrize("format", TURNS)
@pytest.mark.parametrize(
    "row", [row for row in FUNCTIONS.values() if row.is_word and row.form != "frechet"], ids=lambda row: row.name
)
def test_row_of_numbers(row: Function, format: str) -> None:
    """Libraries ask for arrays where a matrix of one entry is a number here."""
    names = ARGUMENTS[: row.arity]
    call, declarations = row.call(*names), tuple(f"{name}: scalar" for name in names)
    computes(format, answer_of(call, declarations, 1, "project", 1))


@pytest.mark.parametrize("format", PYTHON)
def test_definitions_by_functions_that_a_format_does_not_have(format: str) -> None:
    """Also where a search for stable code looks into the definition."""
    inputs = {"A": np.array([[2.0, 1.0], [0.5, 3.0]]), "x": np.array([0.3, -0.7])}
    source = matdiff.differentiate("T = inv(cof(A)); pinv(T x)", "x").to(format)
    wanted = np.linalg.pinv((inputs["A"].T / np.linalg.det(inputs["A"]) @ inputs["x"]).reshape(2, 1)).ravel()
    (found,) = running.IN_PROCESS[format](Call(source, "f", inputs))
    assert running.close(np.asarray(found, dtype=float).ravel(), wanted), source


@pytest.mark.parametrize("format", TURNS)
@pytest.mark.parametrize("shape", ["m x n", "n"])
@pytest.mark.parametrize("norm", ["norm", "norm1", "norm2", "maxnorm", "nucnorm"])
@pytest.mark.parametrize("form", ["{}^2", "1/{}^2", "{} {}", "{}^3"])
def test_powers_of_norms(form: str, norm: str, shape: str, format: str) -> None:
    if norm == "nucnorm" and shape == "n":
        shape = "n x n"
    computes(format, answer_of(form.format(*[f"{norm}(X)"] * 2), (f"X: {shape}",), 0, "project", 3))


@pytest.mark.parametrize("format", PYTHON)
@pytest.mark.slow
@pytest.mark.parametrize("second", SECOND, ids=lambda second: second[0])
def test_second_derivative(second: Any, format: str) -> None:
    computes(format, answer_of(*second))


def all_questions() -> list[tuple[str, Question]]:
    rows = [(str(call.id), question(*call.values)) for call in CALLS]  # type: ignore[arg-type]
    return [*rows, *((second[0], answer_of(*second)) for second in SECOND)]


@needs("octave-cli")
def test_rows_through_octave(tmp_path: Path) -> None:
    asked = all_questions()
    calls = [Call(answer.to("matlab"), wanted_function(answer), inputs) for _, (answer, inputs, _) in asked]
    for (name, (_, _, expected)), found in zip(asked, running.octave(calls, tmp_path), strict=True):
        for actual, wanted in zip(found, expected, strict=True):
            assert actual.size == np.size(wanted), name
            assert running.close(actual.reshape(np.shape(wanted), order="F"), wanted), name


# Julia is not there to run: tree-sitter's grammar of Julia says whether the text is Julia at all.


@pytest.mark.slow
@needs("tree_sitter_julia")
def test_julia_is_accepted_by_a_parser_of_julia() -> None:
    import tree_sitter
    import tree_sitter_julia

    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_julia.language()))
    sources = [published(place, "julia").source for place in range(len(CORPUS))]
    sources += [answer.to("julia") for _, (answer, _, _) in all_questions()]
    sources += [answer.to("julia") for one in ASKED[:: PART["matlab"]] if (answer := one.answer()) is not None]
    for source in sources:
        tree = parser.parse(source.encode())
        assert not tree.root_node.has_error, source
    assert parser.parse(b"function f(x\n    return x +\nend").root_node.has_error


# Every kind of value, variable and direction, with different sizes and with all sizes 1


ASKED = asked()
# Of so many questions one is run, unless everything must run.
PART = {"numpy": 8, "torch": 8, "sympy": 16, "jax": 32, "matlab": 32}
# At most so many entries of a result are computed with many digits; the others are not compared.
MOST_ENTRIES = 30


def points(place: int, format: str) -> Iterator[tuple[str, Call, list[np.ndarray]]]:
    """The calls of the code of a question, with what they return; see `points_of`."""
    answer = ASKED[place].answer()
    if answer is not None:
        yield from points_of(answer, str(ASKED[place]), format, place)


def points_of(answer: Derivative, name: str, format: str, seed: int = 0) -> Iterator[tuple[str, Call, list[np.ndarray]]]:
    """The calls of the code of an answer, with what they return by many digits; entries that nobody computed are not a number."""
    names = answer.typed.number_names()
    # SymPy is slow with large matrices; equal sizes are enough for what it spells differently.
    for fixed in ({}, dict.fromkeys(names, 1)) if format != "sympy" else (dict.fromkeys(names, 2), dict.fromkeys(names, 1)):
        sizes = usable_sizes(answer, 3, fixed)
        values = verify.sample(answer.typed, 3, sizes)
        if values is None:
            continue
        arrays = format in ("sympy", "matlab")
        inputs = {name: _given(matrix, answer.typed.variables[name].shape, sizes, arrays) for name, matrix in values.items()}
        inputs |= {name if name not in inputs else f"{name}_": number for name, number in sizes.items()}
        expected = {
            "f": _array(
                verify.evaluate(answer.typed.expr, values, sizes, answer.typed.definitions), shape_of(answer.typed.expr), sizes
            )
        }
        for result in answer.plain.results:
            letters = [(letter, number_of_dim(dim, sizes)) for *_, dim, letter in result.full_axes]
            shape = [size for _, size in letters]
            entries = list(itertools.product(*map(range, shape)))
            entries = Random(seed).sample(entries, min(len(entries), MOST_ENTRIES))
            parts = {part.name: part.expr for part in result.plain.where}
            value = expected[function_name(result)] = np.full(shape, np.nan)
            for entry, number in verify.evaluate_tensor(result.index_expr, letters, values, sizes, entries, parts).items():
                value[entry] = float(number)
        source = answer.to(format)
        for function in expected:
            both = f"f_and_{function}"
            if function != "f":
                yield f"{name} {sizes}", Call(source, both, inputs), [np.asarray(expected["f"]), expected[function]]
            if format not in ("jax", "sympy"):
                yield f"{name} {sizes}", Call(source, function, inputs), [np.asarray(expected[function])]


def _given(matrix: list[list[Any]], shape: Any, sizes: Mapping[str, int], arrays: bool) -> Any:
    """An input; a row is a matrix with one row where the language has nothing else."""
    found = _array(matrix, shape, sizes)
    return found[None, :] if arrays and shape[0].is_one and not shape[1].is_one else found


def places_of(format: str, whole: bool, part: int = 0, parts: int = 1) -> range:
    every = 1 if whole else PART[format]
    return range(part * every, len(ASKED), parts * every)


def agree(
    name: str, call: Call, found: list[np.ndarray], expected: list[np.ndarray], *, order: Any = "C", matrices: bool = False
) -> None:
    """Where a language has matrices only, axes of length 1 do not count."""
    for actual, wanted in zip(found, expected, strict=True):
        assert actual.shape == wanted.shape or (matrices and actual.size == wanted.size), (name, call.source)
        known = ~np.isnan(wanted)
        assert running.close(actual.reshape(wanted.shape, order=order)[known], wanted[known], 1e-6), (name, call.source)


@pytest.mark.parametrize("format", PYTHON)
@pytest.mark.parametrize("part", range(4))
def test_every_kind(format: str, part: int, whole: bool) -> None:
    for place in places_of(format, whole, part, 4):
        for name, call, expected in points(place, format):
            agree(name, call, running.IN_PROCESS[format](call), expected, matrices=format == "sympy")


@needs("octave-cli")
def test_every_kind_through_octave(tmp_path: Path, whole: bool) -> None:
    calls = [call for place in places_of("matlab", whole) for call in points(place, "matlab")]
    for (name, call, expected), found in zip(calls, running.octave([call for _, call, _ in calls], tmp_path), strict=True):
        agree(name, call, found, expected, order="F", matrices=True)


# Sums over indices, arrays with any number of axes


def of_sums(format: str, whole: bool) -> Iterator[tuple[str, Call, list[np.ndarray]]]:
    for place, (text, (variable, _)) in enumerate(SUMS.items()):
        if whole or text in ARRAYS or place % 4 == 0:
            answer = matdiff.differentiate(text, variable)
            families = dict(answer.asked.members)  # code by one member has tests of its own
            yield from points_of(matdiff.differentiate(text, families[variable]) if families else answer, text, format)


@pytest.mark.parametrize("format", PYTHON)
def test_every_sum(format: str, whole: bool) -> None:
    for name, call, expected in of_sums(format, whole):
        agree(name, call, running.IN_PROCESS[format](call), expected, matrices=format == "sympy")


@needs("octave-cli")
def test_every_sum_through_octave(tmp_path: Path, whole: bool) -> None:
    calls = list(of_sums("matlab", whole))
    for (name, call, expected), found in zip(calls, running.octave([call for _, call, _ in calls], tmp_path), strict=True):
        agree(name, call, found, expected, order="F", matrices=True)


# What did not run at first: the expression, and what was asked.
FORMERLY = (
    ("ones(n) (x^T x)", "vjp"),
    ("x^T y", "vjp"),
    ("x softplus(3)", "order"),
    ("tr(adj(X))", "order"),
    ("kron(A^T, B)", "order"),
    ("[q0^2, q0*q1; q1, q0]", "order"),
    ("n/2 logdet(S)", "order"),
    ("mean(x) x", "order"),
    ("[1, 2; 3, 4] .^ (-2) alpha", "order"),
)


@pytest.mark.parametrize("format", PYTHON)
@pytest.mark.parametrize(("expression", "wanted"), FORMERLY)
def test_code_that_did_not_run(expression: str, wanted: str, format: str) -> None:
    places = [place for place, one in enumerate(ASKED) if one.expression == expression and one.wanted[0][0] == wanted]
    assert places
    for place in places:
        for name, call, expected in points(place, format):
            agree(name, call, running.IN_PROCESS[format](call), expected, matrices=format == "sympy")


# JAX


# The question, the variable, the shapes of the arrays, and the axis of each that lies on the devices.
SHARDED = (
    ("sum(softplus(-y .* (X w)))", "w", {"X": (16, 3), "w": (3,), "y": (16,)}, {"X": 0, "y": 0}),
    ("sum_i log(1 + exp(-y_i w^T x_i))", "w", {"x": (16, 3), "w": (3,), "y": (16,)}, {"x": 0, "y": 0}),
    ("sum_k (y_k - tr(A_k X))^2", "X", {"A": (16, 2, 3), "X": (3, 2), "y": (16,)}, {"A": 0, "y": 0}),
    ("sum(G .* (softmax(Q K^T, rows) V))", "Q", {"G": (16, 2), "Q": (16, 3), "K": (4, 3), "V": (4, 2)}, {"G": 0}),
    ("Y[b,i,k] = sum_j T[b,i,j] M[j,k]; sum_bik Y[b,i,k]^4", "M", {"T": (16, 2, 3), "M": (3, 2)}, {"T": 0}),
)


@needs("jax")
@pytest.mark.parametrize(("text", "wrt", "shapes", "along"), SHARDED)
def test_jax_modules_are_compiled_batched_and_sharded(text: str, wrt: str, shapes: Any, along: Any) -> None:
    """The same functions under `jit`, under `vmap`, and compiled for arrays that lie on eight devices."""
    import jax
    from jax.sharding import Mesh, NamedSharding, PartitionSpec

    jax.config.update("jax_enable_x64", True)
    assert len(jax.devices()) == 8
    mesh = Mesh(np.array(jax.devices()), ("rows",))
    random = np.random.default_rng(0)
    arguments = {name: random.normal(size=shape) for name, shape in shapes.items()}
    for order in (1, 2):
        answer = matdiff.differentiate(text, wrt, order=order)
        function = running.module(answer.to("jax"))[function_name(answer.result)]
        (expected,) = running.numpy(Call(answer.to("numpy"), function_name(answer.result), arguments))
        assert running.close(jax.jit(function)(**arguments), expected)
        batch = jax.vmap(lambda one, function=function: function(**{**arguments, wrt: one}))
        assert running.close(batch(np.stack([arguments[wrt], 2 * arguments[wrt]]))[0], expected)
        placed = {}
        for name, array in arguments.items():
            axes = ["rows" if axis == along.get(name) else None for axis in range(array.ndim)]
            placed[name] = jax.device_put(array, NamedSharding(mesh, PartitionSpec(*axes)))
        assert not any(placed[name].sharding.is_fully_replicated for name in along)
        assert running.close(jax.jit(function)(**placed), expected)


@needs("jax")
@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("expression", "wrt", "order"),
    [("logdet(X)", "X", 1), ("logsumexp(A x + b)", "x", 2), ("tr(A expm(X))", "X", 1), ("tr(A X^-1)", "X", 1), ("W^T x", "W", 1)],
)
def test_jax_modules_compile(expression: str, wrt: str, order: int) -> None:
    import jax

    jax.config.update("jax_enable_x64", True)
    answer, inputs, expected = answer_of(expression, (), order, "project", 3) if wrt == "X" else _answer(expression, wrt, order)
    function = running.module(answer.to("jax"))[wanted_function(answer)]
    for found, wanted in zip(jax.jit(function)(**inputs), expected, strict=True):
        assert running.close(np.asarray(found), wanted)


def _answer(expression: str, wrt: str, order: int) -> Question:
    answer = matdiff.differentiate(expression, wrt, order=order)
    sizes = usable_sizes(answer, 3)
    values = verify.sample(answer.typed, 3, sizes)
    assert values is not None
    inputs = {name: _array(matrix, answer.typed.variables[name].shape) for name, matrix in values.items()}
    return answer, inputs, running.numpy(Call(answer.to("numpy"), wanted_function(answer), inputs))
