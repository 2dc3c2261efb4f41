"""`make bench`: ratios taken in one run, so that they mean the same on every machine.

Start-up: the whole process `matdiff "a^T W^T x" --wrt W` in a pipe and on a terminal, against `python -c "import sympy"`;
also with the parser of lark.tools.standalone in the place of `matdiff.read.lalr`.
Growth: time and size of the result for products of many factors and networks of many layers.
"""

from __future__ import annotations

import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import growth

import matdiff
from matdiff.read.parse import _STARTS

ROOT = Path(__file__).parent.parent
GRAMMAR = ROOT / "grammar" / "matdiff.lark"
ROUNDS = 15
MAIN_JOB = [sys.executable, "-m", "matdiff", "a^T W^T x", "--wrt", "W"]
# The same with the parser that lark writes, which is in the module `standalone`.
WITH_LARK = """
import sys
import standalone
from matdiff.command.cli import main
from matdiff.read import build, parse
parse._parser = parse.LarkParser(standalone.Lark_StandAlone(transformer=build.Builder()), standalone.UnexpectedToken)
sys.exit(main(sys.argv[1:]))
"""
TARGETS = {"in a pipe": 0.22, "on a terminal": 0.30}


def in_a_pipe(command: Sequence[str], **environment: str) -> None:
    subprocess.run(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, check=True, env={**os.environ, **environment})


def write_standalone(folder: Path) -> None:
    """The module `standalone` by lark.tools.standalone, compiled."""
    starts = [word for start in _STARTS for word in ("--start", start)]
    options = ["--lexer", "basic", *starts, "--out", str(folder / "standalone.py")]
    subprocess.run([sys.executable, "-m", "lark.tools.standalone", str(GRAMMAR), *options], check=True)
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(folder)], check=True)


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


def bench_startup(folder: Path) -> None:
    write_standalone(folder)
    jobs: dict[str, Callable[[], None]] = {
        "import sympy": lambda: in_a_pipe([sys.executable, "-c", "import sympy"]),
        "python alone": lambda: in_a_pipe([sys.executable, "-c", "pass"]),
        "import click": lambda: in_a_pipe([sys.executable, "-c", "import click"]),
        "in a pipe": lambda: in_a_pipe(MAIN_JOB),
        "in a pipe, lark's own parser": lambda: in_a_pipe(
            [sys.executable, "-c", WITH_LARK, *MAIN_JOB[3:]], PYTHONPATH=os.pathsep.join([str(folder), str(ROOT)])
        ),
    }
    if sys.platform != "win32":
        jobs["on a terminal"] = lambda: on_a_terminal(MAIN_JOB)
    medians = times(jobs)
    print("start-up, the whole process            ms   to import sympy")
    for name, seconds in medians.items():
        ratio = seconds / medians["import sympy"]
        target = f"   target {TARGETS[name]}: {'met' if ratio <= TARGETS[name] else 'missed'}" if name in TARGETS else ""
        print(f"  {name:32} {1000 * seconds:6.0f}   {ratio:.2f}{target}")


def bench_growth() -> None:
    print("\ngrowth from 100 to 1,000 (seconds, words of the result, their exponents; memory so far)")
    for problem in growth.PROBLEMS:
        seconds, words = [], []
        for size in (100, 1000):
            start = time.process_time()
            line = growth.answer(problem, size).results[0].line
            seconds.append(time.process_time() - start)
            words.append(len(line.split()))
        exponents = [math.log10(after / before) for before, after in (seconds, words)]
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(
            f"  {problem.__name__:18} {seconds[0]:6.2f} {seconds[1]:6.2f}   {words[0]:6} {words[1]:6}"
            f"   {exponents[0]:.2f} {exponents[1]:.2f}   {memory} MB"
        )


def bench_throughput() -> None:
    """The published derivatives one after the other; processor time, as wall time says what else the machine does."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus", "public.jsonl"), encoding="utf-8") as file:
        cases = [json.loads(line) for line in file]
    start, count = time.process_time(), 0
    for case in cases:
        wrt, structure = list(dict.fromkeys(case["wrt"])), case.get("structure") or "project"
        answer = matdiff.differentiate(case["expr"], wrt, declarations=case["decl"], order=len(case["wrt"]), structure=structure)
        count += sum(1 for result in answer.results if result.line)
    print(
        f"\nthroughput: {count / (time.process_time() - start):.0f} derivatives a second, {count} published ones in one process"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        bench_startup(Path(folder))
    bench_throughput()
    bench_growth()
