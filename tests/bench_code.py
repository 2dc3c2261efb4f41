"""`make bench`: the generated NumPy against NumPy written by hand, jitted JAX and PyTorch, as ratios taken in one run.

`python tests/bench_code.py --write` puts the table into docs/performance.md, with the machine and the versions.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import matdiff

SIZES = (100, 300, 1000)
FACTORS = 5
# At least so many rounds, and more while there is time.
ROUNDS, SECONDS = 3, 1.5
# What takes so many seconds is timed once, after the call that compiles it.
LONG = 10
# One thread each: the threads of one library, waiting for work, slow down the next.
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}
# They slow NumPy down, and are read when it is loaded.
SLOWER = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
MARKS = ("<!-- table -->", "<!-- end of the table -->")

Arrays = dict[str, Any]


class Job(NamedTuple):
    """A function to differentiate, `loss` in the words of a library (NumPy's), and its derivative written by hand."""

    name: str
    text: str
    wrt: str
    order: int
    declarations: list[str]
    inputs: Callable[[Any, int], Arrays]
    loss: Callable[..., Any]
    by_hand: Callable[..., Any]
    # How much faster than jitted JAX it should be at the largest size.
    goal: float | None = None


def _quadratic(lib: Any, A: Any, b: Any, x: Any) -> Any:
    return x @ A @ x / 2 + b @ x


def _logistic(lib: Any, X: Any, y: Any, w: Any) -> Any:
    return lib.logaddexp(lib.zeros_like(y), -y * (X @ w)).sum()


def _factorization(lib: Any, M: Any, U: Any, V: Any) -> Any:
    return ((M - U @ V.T) ** 2).sum()


def _network(lib: Any, V: Any, W: Any, b: Any, t: Any, x: Any) -> Any:
    return ((V @ lib.tanh(W @ x + b) - t) ** 2).sum()


def _gaussian(lib: Any, S: Any, x: Any) -> Any:
    return -lib.linalg.slogdet(S)[1] / 2 - x @ lib.linalg.solve(S, x) / 2


def _jobs() -> list[Job]:
    import numpy as np
    from scipy.linalg import cho_factor, cho_solve
    from scipy.special import expit

    def quadratic(A: Any, b: Any, x: Any) -> Any:
        return (A @ x + x @ A) / 2 + b

    def quadratic_hessian(A: Any, b: Any, x: Any) -> Any:
        return (A + A.T) / 2

    def logistic(X: Any, y: Any, w: Any) -> Any:
        return -X.T @ (y * expit(-y * (X @ w)))

    def logistic_hessian(X: Any, y: Any, w: Any) -> Any:
        p = expit(-y * (X @ w))
        return X.T @ ((y**2 * p * (1 - p))[:, None] * X)

    def factorization(M: Any, U: Any, V: Any) -> Any:
        return 2 * (U @ V.T - M) @ V

    def factorization_hessian(M: Any, U: Any, V: Any) -> Any:
        rows, columns = U.shape
        hessian = np.zeros((rows, columns, rows, columns))
        every = np.arange(rows)
        hessian[every, :, every, :] = 2 * V.T @ V
        return hessian

    def network(V: Any, W: Any, b: Any, t: Any, x: Any) -> Any:
        h = np.tanh(W @ x + b)
        return np.outer(2 * (V.T @ (V @ h - t)) * (1 - h**2), x)

    def gaussian(S: Any, x: Any) -> Any:
        factor = cho_factor(S)
        z = cho_solve(factor, x)
        return (np.outer(z, z) - cho_solve(factor, np.eye(len(x)))) / 2

    def quadratic_inputs(random: Any, n: int) -> Arrays:
        return {"A": random.normal(size=(n, n)), "b": random.normal(size=n), "x": random.normal(size=n)}

    def logistic_inputs(random: Any, n: int) -> Arrays:
        return {"X": random.normal(size=(2 * n, n)), "y": random.choice([-1.0, 1.0], 2 * n), "w": random.normal(size=n) / n}

    def factorization_inputs(random: Any, n: int) -> Arrays:
        U, V = random.normal(size=(2, n, FACTORS))
        return {"M": random.normal(size=(n, n)), "U": U, "V": V}

    def network_inputs(random: Any, n: int) -> Arrays:
        V, W = random.normal(size=(2, n, n)) / n
        b, t, x = random.normal(size=(3, n))
        return {"V": V, "W": W, "b": b, "t": t, "x": x}

    def gaussian_inputs(random: Any, n: int) -> Arrays:
        root = random.normal(size=(n, n))
        return {"S": root @ root.T + n * np.eye(n), "x": random.normal(size=n)}

    losses = "1/2 x^T A x + b^T x", "sum(log(1 + exp(-y .* (X w))))", "||M - U V^T||_F^2"
    size = ["n=1000", f"k={FACTORS}"]
    return [
        Job("quadratic", losses[0], "x", 1, [], quadratic_inputs, _quadratic, quadratic),
        Job("logistic regression", losses[1], "w", 1, [], logistic_inputs, _logistic, logistic),
        Job("factorization", losses[2], "U", 1, size, factorization_inputs, _factorization, factorization),
        Job("network", "||V tanh(W x + b) - t||^2", "W", 1, [], network_inputs, _network, network),
        Job("Gaussian", "-1/2 logdet(S) - 1/2 x^T S^-1 x", "S", 1, ["S: spd n"], gaussian_inputs, _gaussian, gaussian),
        Job("quadratic", losses[0], "x", 2, [], quadratic_inputs, _quadratic, quadratic_hessian, goal=40),
        Job("logistic regression", losses[1], "w", 2, [], logistic_inputs, _logistic, logistic_hessian, goal=3),
        Job("factorization", losses[2], "U", 2, size, factorization_inputs, _factorization, factorization_hessian, goal=100),
    ]


def _generated(job: Job) -> Callable[..., Any]:
    declarations = [text for text in job.declarations if ":" in text]
    module: dict[str, Any] = {}
    exec(matdiff.differentiate(job.text, job.wrt, order=job.order, declarations=declarations).to("numpy"), module)
    return module[f"df_d{job.wrt}" if job.order == 1 else f"d2f_d{job.wrt}2"]


def _by_jax(job: Job, inputs: Arrays, elements: int) -> Callable[[], Any]:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    arrays = {name: jnp.asarray(value) for name, value in inputs.items()}
    others = {name: value for name, value in arrays.items() if name != job.wrt}

    def loss(variable: Any, others: Arrays) -> Any:
        return job.loss(jnp, **{**others, job.wrt: variable})

    derivative = jax.grad(loss)
    if job.order == 2:
        # All columns of a large Hessian at once would not fit into memory.
        derivative = _columns(loss) if elements > 10**9 else jax.hessian(loss)
    compiled = jax.jit(derivative)
    return lambda: compiled(arrays[job.wrt], others).block_until_ready()


def _columns(loss: Callable[..., Any]) -> Callable[..., Any]:
    """The Hessian one column after the other."""
    import jax
    import jax.numpy as jnp

    def hessian(variable: Any, others: Arrays) -> Any:
        def column(unit: Any) -> Any:
            return jax.jvp(lambda value: jax.grad(loss)(value, others), (variable,), (unit.reshape(variable.shape),))[1]

        units = jnp.arange(variable.size)
        return jax.lax.map(lambda place: column(jnp.zeros(variable.size).at[place].set(1.0)), units)

    return hessian


def _by_torch(job: Job, inputs: Arrays) -> Callable[[], Any] | None:
    import torch

    if job.order == 2:
        return None
    arrays = {name: torch.from_numpy(value) for name, value in inputs.items()}
    variable = arrays[job.wrt].requires_grad_()

    class Words:
        logaddexp, tanh, linalg, zeros_like = torch.logaddexp, torch.tanh, torch.linalg, torch.zeros_like

    return lambda: torch.autograd.grad(job.loss(Words, **{**arrays, job.wrt: variable}), variable)[0]


def _medians(calls: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """The median seconds of each call; the calls take turns, so that a busy moment falls on all of them."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    began = time.perf_counter()
    while len(seconds["generated"]) < ROUNDS or time.perf_counter() - began < SECONDS:
        for name, call in calls.items():
            rounds = ROUNDS if sum(seconds[name]) < LONG else 1
            if len(seconds[name]) >= rounds and sum(seconds[name]) > SECONDS:
                continue
            if sum(seconds[name]) < SECONDS and seconds[name]:
                call()  # so that each finds its arrays in the cache, not those of the call before
            start = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def _line(job: Job, size: int) -> str:
    import numpy as np

    inputs = job.inputs(np.random.default_rng(0), size)
    generated = _generated(job)
    calls = {
        "generated": lambda: generated(**inputs),
        "hand": lambda: job.by_hand(**inputs),
        "jax": _by_jax(job, inputs, inputs[job.wrt].size * size**2),
    }
    torch = _by_torch(job, inputs)
    if torch is not None:
        calls["torch"] = torch
    expected = job.by_hand(**inputs)
    for name, call in calls.items():  # compiles, too
        found = np.asarray(call().detach() if name == "torch" else call())
        # By a symmetric variable the libraries give the derivative by a free one, which is symmetric here too.
        assert np.allclose(found.reshape(expected.shape), expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max()), name
    del found, expected
    medians = _medians(calls)
    own = medians["generated"]
    what = "gradient" if job.order == 1 else "Hessian"
    goal = f"{job.goal:g}" if job.goal and size == max(SIZES) else ""
    cells = [own / medians["hand"], medians["jax"] / own, medians["torch"] / own if torch else None]
    shown = ["" if cell is None else f"{cell:.2f}" if cell < 10 else f"{cell:.0f}" for cell in cells]
    return f"| {job.name} | {what} | {size} | {1000 * own:.3g} | {' | '.join(shown)} | {goal} |"


def _versions() -> str:
    import jax
    import numpy
    import scipy
    import torch

    libraries = ", ".join(f"{library.__name__} {library.__version__}" for library in (numpy, scipy, jax, torch))
    return f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}, {libraries}"


def main() -> None:
    if any(os.environ.get(name) != value for name, value in ENVIRONMENT.items()):
        environment = {name: value for name, value in os.environ.items() if name not in SLOWER} | ENVIRONMENT
        sys.exit(subprocess.run([sys.executable, *sys.argv], env=environment, check=False).returncode)
    import torch

    torch.set_num_threads(1)
    lines = [
        "| function | derivative | n | ms | generated / by hand | JAX / generated | torch / generated | goal against JAX |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    print("\n".join(lines))
    for job in _jobs():
        for size in SIZES:
            lines.append(_line(job, size))
            print(lines[-1], flush=True)
    if "--write" in sys.argv:
        page = PAGE.read_text(encoding="utf-8")
        before, rest = page.split(MARKS[0])
        after = rest.split(MARKS[1])[1]
        table = "\n".join(["", "", f"{_versions()}.", "", *lines, "", ""])
        PAGE.write_text(f"{before}{MARKS[0]}{table}{MARKS[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
