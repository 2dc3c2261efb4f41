"""`make bench`: ratios taken in one run, so that they mean the same on every machine.

Start-up: the whole process `matdiff "a^T W^T x" --wrt W` in a pipe and on a terminal, against `python -c "import sympy"`.
Growth: time and size of the result for products of many factors and networks of many layers.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import matdiff

ROUNDS = 15
MAIN_JOB = [sys.executable, "-m", "matdiff", "a^T W^T x", "--wrt", "W"]
TARGETS = {"in a pipe": 0.25, "on a terminal": 0.35}


def in_a_pipe(command: Sequence[str]) -> None:
    subprocess.run(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, check=True)


def on_a_terminal(command: Sequence[str]) -> None:
    import pty

    master, slave = pty.openpty()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=slave, stderr=slave)
    os.close(slave)
    try:
        while os.read(master, 65536):
            pass
    except OSError:  # the other end is closed: the process is done
        pass
    os.close(master)
    if process.wait():
        raise RuntimeError(f"{command} failed")


def times(jobs: dict[str, Callable[[], None]]) -> dict[str, float]:
    """The median seconds of each job; the jobs take turns, so that a busy moment falls on all of them."""
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(ROUNDS):
        for name, job in jobs.items():
            start = time.perf_counter()
            job()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def bench_startup() -> None:
    jobs: dict[str, Callable[[], None]] = {
        "import sympy": lambda: in_a_pipe([sys.executable, "-c", "import sympy"]),
        "python alone": lambda: in_a_pipe([sys.executable, "-c", "pass"]),
        "import click": lambda: in_a_pipe([sys.executable, "-c", "import click"]),
        "in a pipe": lambda: in_a_pipe(MAIN_JOB),
    }
    if sys.platform != "win32":
        jobs["on a terminal"] = lambda: on_a_terminal(MAIN_JOB)
    medians = times(jobs)
    print("start-up, the whole process            ms   to import sympy")
    for name, seconds in medians.items():
        ratio = seconds / medians["import sympy"]
        target = f"   target {TARGETS[name]}: {'met' if ratio <= TARGETS[name] else 'missed'}" if name in TARGETS else ""
        print(f"  {name:32} {1000 * seconds:6.0f}   {ratio:.2f}{target}")


def product(factors: int) -> tuple[str, str]:
    """The product of (a_i^T x)."""
    return " ".join(f"(a_{i}^T x)" for i in range(factors)), "x"


def network(layers: int) -> tuple[str, str]:
    """sum(x_n) with x_(i+1) = tanh(W_i x_i), by the first weights."""
    definitions = "; ".join(f"x_{i + 1} = tanh(W_{i} x_{i})" for i in range(layers))
    return f"{definitions}; sum(x_{layers})", "W_0"


def bench_growth() -> None:
    print("\ngrowth                      n   seconds   characters   seconds per n, against the line above")
    for name, problem, sizes in (
        ("product of n factors", product, (25, 50, 100, 200)),
        ("network of n layers", network, (25, 50, 100, 200)),
    ):
        before = 0.0
        for size in sizes:
            text, wrt = problem(size)
            start = time.perf_counter()
            try:
                result = matdiff.differentiate(text, wrt).text
            except Exception as problem_found:
                print(f"  {name:22} {size:5}   {type(problem_found).__name__}: {str(problem_found)[:80]}")
                break
            seconds = time.perf_counter() - start
            growth = f"{seconds / size / before:.2f}" if before else ""
            print(f"  {name:22} {size:5}   {seconds:7.2f}   {len(result):10}   {growth}")
            before = seconds / size


if __name__ == "__main__":
    bench_startup()
    bench_growth()
