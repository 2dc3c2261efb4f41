"""`make fuzz`: hostile and broken input, every one of which must end in an answer or in a diagnostic.

    python tests/fuzz_input.py --count 100000 --seed 0      run the seeds from 0 on
    python tests/fuzz_input.py --seed 12345                 show one of them with everything

An input is a good expression that was mutated (tokens dropped, doubled, swapped, glued, replaced by those of another one or of
another language), tokens thrown together, or raw bytes; one in `TEX_EVERY` is LaTeX.  With `--code` the good ones are code for NumPy,
JAX and PyTorch, and what is mixed in is what Python has: calls that would do harm were they run, f-strings, stars, walruses, deep nesting.

It goes through the Python interface in this process; one in `EVERY` goes through the command in a process of its own, as argument or as
file, with a format and options.  Bad is: any exception
that is no matdiff error, an unknown exit status, a diagnostic that cannot be drawn or whose spans lie outside of the text, an
unprintable character in it, more time than `SECONDS`, more memory than `MEMORY`.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import monotonic, process_time
from typing import NamedTuple

import matdiff
from matdiff import limits
from matdiff.functions import NAMES
from matdiff.language.errors import Errors, MatdiffError, TooLarge
from matdiff.mistakes.diagnostic import Diagnostic, render
from matdiff.mistakes.words import diagnose, diagnose_all

CORPUS = Path(__file__).parent / "corpus" / "public.jsonl"
PAPERS = Path(__file__).parent / "corpus" / "latex.jsonl"
EVERY = 2000
ANSWER_TIME = 1.0  # of an answer, in seconds; a refusal may take `limits.HELP_TIME` in addition
SECONDS = 2.0  # of both
MEMORY = 512 << 20
LONGEST = 10_000
UNPRINTABLE = re.compile("[\0-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
FORMATS = ("text", "latex", "json", "numpy", "unicode", "sympy", "julia", "matlab", "torch", "jax")
TOKEN = re.compile(r"[A-Za-z_]\w*|\d+|\.[*/^']|\*\*|\|\||\s+|.", re.DOTALL)
FOREIGN = [
    "np.dot(", ".T", "@", "**", "\\", "\\frac{", "}", "{", "\\top", "^\\top", "|", "%", "!", "?", "&", "&&", "==", "=",
    ":=", "->", "lambda ", "__import__", "import os", "$", "$$", "`", '"', "'", "''", "#", "//", "/*", "\n", "\r", "\t",
    "\0", "\x1b[31m", "\u202e", "\u200b", "\u0301", "ᵀ", "⁻¹", "₁", "‖", "⊙", "⊗", "×", "·", "∂", "λ", "Σ", "А", "ο",
    "𝐱", "ﬁ", "é", "😀", "\ud800", "\ufeff", "1e999", "1e-999", "9" * 40, "0", "0.", ".5", "1..2", "x^T^T", "^-1", "^-T",
    ".^-1", "^(", "[", "]", "[1,2;3]", ";", ";;", ",", ":", "::", "wrt", " wrt x", "I", "I(3)", "ones", "ones(n)",
    "zeros(2,3)", "e(1)", "K(m,n)", "x[1]", "X[:,1]", "X[1,:]", "pi", "T", "d", "dX", "sum", "sum(", "tr(", "det(",
    "inv(", "||", "||_1", "len(x)", "A.shape[0]", "x.sum()", "f(x)", "[red]", "<script>", "&lt;", "\\input{x}", "%s",
    "{0}", "$(id)", "symmetric", ": m x n", "A: 3 x 4;", "x: 5;",
]  # fmt: skip
# One in so many inputs is LaTeX, made of the formulas of papers and of these.
TEX_EVERY = 3
TEX_NESTS = [("{", "}"), ("(", ")"), (r"\left(", r"\right)"), (r"\sqrt{", "}"), (r"\frac{1}{", "}"), ("x^{", "}"), ("[", "]")]
TEX_TOKEN = re.compile(r"\\(?:[A-Za-z]+|.)|\d+|\s+|.", re.DOTALL)
TEX = r"""
{ } ^ _ ^{ _{ }{ & &= \\ \\[2pt] $ $$ \[ \] \( \) \ \left \right \left( \right) \left. \right| \middle| \bigl \bigr) | \| \lVert
\rVert \langle \rangle \{ \} [ ] ( ) \frac \frac{ \frac12 \dfrac{1}{2} \sqrt \sqrt[3] \mathbf \mathbf{ \vec \hat \tilde{
\mathcal{L} \mathbb{R} \mathbb{S}_{++}^n \in \mathrm{d} \operatorname{ \operatorname*{arg\,min}_x \text{ \min_{x} \max
\sum_{i=1}^n \prod \int \nabla \nabla_x^2 \partial \frac{df}{dx} = := \coloneqq \approx \leq , ; . : ' '' ^T ^\top ^{-1} ^{-T}
^\dagger ^{(k)} ^* ^{\star} _+ ^+ _A _{2,1} _\infty _{k|k-1} \cdot \times \odot \otimes \circ \oslash + - / * \log \log^2 \log_2
\det \tr \sigma( \exp e^{ \lambda_{\max}(A) \mathbf{1} \mathbf{I}_n \mathbf{0} \begin{bmatrix} \end{bmatrix} \begin{align}
\end{align} \begin{cases} \begin{array}{cc} \label{ \label{a} \tag{1} \nonumber \overset{!}{=} \underbrace{x}_{y}
\underset{x}{\min} \stackrel \def\x{x} \input{/etc/passwd} \newcommand{\x}[1]{#1} \x \csname \write18{ls} ^^M % ~ \, \! \quad #1 ?
1.5 12 0 9999999999999999999999999999999999999999
""".split() + [
    "{\\bf x}", "\\bm x", "x \\in \\mathbb{R}^{m \\times n}", "\\text{ where }", "\\frac{\\partial}{\\partial x}", "= 0",
    "\\substack{a \\\\ b}", "% x\n", "\\ ", "\x00", "\x1b[31m", "\u202e", "\u200b", "́", "\ud800", "ᵀ", "β", "𝐱", "é", "‖",
    "∈", "⟨", " wrt x", "x: 3;", "W: m x n\n",
]  # fmt: skip


SNIPPETS = Path(__file__).parent / "corpus" / "snippets.txt"
# Were anything run, this file would be there.
TRAP = "/tmp/matdiff-fuzz-trap"
PYTHON = [
    f"open({TRAP!r}, 'w')", f"__import__('os').system('touch {TRAP}')", "exec('1')", "eval('x')", "import os\n", "from os import *\n",
    "f'{x}'", "f'{x!r:>{y}}'", "(z := x)", "*x", "**x", "lambda: 0", "lambda *a, **k: a", "lambda x=1, /, *, y: x @ y", "yield x",
    "await x", "async ", "def f(x):\n    return f(x)\n", "def f(x, *a):\n    return x\n", "class A:\n    x = 1\n", "@jax.jit\n", "@x\n",
    "if x > 0:\n    ", "else:\n    ", "for i in x:\n    ", "while 1:\n    ", "with x:\n    ", "try:\n    ", "    ", "\t", "return ",
    "del x\n", "global x\n", "x: int = 1\n", "x = y = ", "a, b = ", "(a, b), c = ", "*a, b = ", "x += ", "x @= ", "x[0] = ", "x.a = ",
    "[::2]", "[-1]", "[1:]", "[:-1]", "[-3:-1]", "[:, None]", "[None, :]", "[..., 0]", "['w']", "[x > 0]", "[[0, 1]]", "[10**9]",
    "[-10**9:]", "[99:]", ".T", ".a.b", ".__class__", ".detach()", ".backward()", ".grad", ".shape[0]", ".shape", ".item()", ".sum(0)",
    ".mean(axis=-1, keepdims=True)", "if x else y", "not ", " and ", " or ", " is None", " == ", " < ", " & ", " | ", "~", " // ", " % ",
    " << ", " ^ ", "None", "True", "...", "1j", "0x10", "0b1", "1_000", "1e400", "9" * 300, "'a' 'b'", "b'a'", "'" * 3, '"' * 3, "\\\n",
    "# c\n", "jax.grad(f)(x)", "jax.hessian(loss)(w)", "np.where(", "np.clip(", "np.einsum('ij,j->i', ", "np.einsum('...', ",
    "np.einsum(s, ", "np.block([[x]])", "np.diff(", "np.eye(", "np.ones((n, n))", "F.cross_entropy(", "self.", "self.W", "params['W']",
    "print(", "(" * 60, ")" * 60, "[" * 60, "-" * 300, "x" * 3000, "é", "ß", "ﬁ", "𝐱", "λ", "ℌ", "\x00", "\ufeff", "\x0c", "\r", "\r\n",
    "\u2028", "\udc80", "# -*- coding: latin-1 -*-\n", "from __future__ import x\n", "match x:\n  case 1: ", "type X = int\n",
]  # fmt: skip


class Bad(NamedTuple):
    """What is wrong with an input."""

    kind: str
    detail: str


def texts() -> list[tuple[str, list[str]]]:
    """The expressions of the corpus with their variables."""
    lines = CORPUS.read_text(encoding="utf-8").splitlines()
    return [(case["expr"], case["wrt"]) for case in map(json.loads, lines)]


@cache
def papers() -> list[tuple[str, list[str]]]:
    """The formulas in LaTeX with their variables."""
    lines = PAPERS.read_text(encoding="utf-8").splitlines()
    return [(case["text"], [case["wrt"] or "x"]) for case in map(json.loads, lines)]


def mutated_tex(text: str, others: list[tuple[str, list[str]]], random: Random) -> str:
    """The formula with some of its tokens dropped, doubled, swapped or replaced, nested deeply, or cut off."""
    tokens = TEX_TOKEN.findall(text)
    for _ in range(random.choice([1, 1, 2, 3, 6])):
        place = random.randrange(len(tokens) + 1)
        end = min(len(tokens), place + random.choice([1, 1, 2, 5]))
        change = random.randrange(10)
        if change == 0:
            del tokens[place:end]
        elif change == 1:
            tokens[place:place] = tokens[place:end] * random.choice([1, 2, 30])
        elif change == 2 and place < len(tokens):
            other = random.randrange(len(tokens))
            tokens[place], tokens[other] = tokens[other], tokens[place]
        elif change in (3, 4):
            tokens.insert(place, random.choice(TEX))
        elif change == 5:
            tokens[place:end] = [random.choice(TEX)]
        elif change == 6:
            donor = TEX_TOKEN.findall(random.choice(others)[0])
            start = random.randrange(len(donor) or 1)
            tokens[place:place] = donor[start : start + random.randrange(1, 12)]
        elif change == 7:
            opener, closer = random.choice(
                [("{", "}"), ("(", ")"), ("\\left(", "\\right)"), ("\\sqrt{", "}"), ("\\frac{1}{", "}"), ("x^{", "}")]
            )
            times = random.choice([1, 3, 40, 250])
            tokens = [opener * times, *tokens, closer * random.choice([times, times, times - 1, 0])]
        elif change == 8:
            tokens = tokens[:place]
        else:
            tokens = [*tokens, random.choice([", ", " = ", " + ", " \\\\ ", "; "]), *TEX_TOKEN.findall(random.choice(others)[0])]
    return "".join(tokens)[:LONGEST]


def codes() -> list[tuple[str, list[str]]]:
    """The snippets of the corpus with the variable of each."""
    parts = [part.partition("\n") for part in re.split("^### ", SNIPPETS.read_text(encoding="utf-8"), flags=re.M)[1:]]
    return [(code.rstrip("\n"), [head.split("|")[1].strip().partition("=")[0]]) for head, _, code in parts]


def mutated(text: str, others: list[tuple[str, list[str]]], random: Random, foreign: list[str]) -> str:
    """The text with some mutations of its tokens or characters; `foreign` is what is mixed in."""
    tokens = TOKEN.findall(text)
    for _ in range(random.choice([1, 1, 1, 2, 3, 6])):
        place = random.randrange(len(tokens) + 1)
        end = min(len(tokens), place + random.choice([1, 1, 2, 5]))
        part = tokens[place:end]
        change = random.randrange(12)
        if change == 0:
            del tokens[place:end]
        elif change == 1:
            tokens[place:place] = part * random.choice([1, 1, 2, 30])
        elif change == 2 and tokens:
            other = random.randrange(len(tokens))
            if place < len(tokens):
                tokens[place], tokens[other] = tokens[other], tokens[place]
        elif change == 3:
            tokens.insert(place, random.choice(foreign))
        elif change == 4:
            tokens[place:end] = [random.choice(foreign)]
        elif change == 5:
            donor = TOKEN.findall(random.choice(others)[0])
            start = random.randrange(len(donor) or 1)
            tokens[place:place] = donor[start : start + random.randrange(1, 12)]
        elif change == 6:
            tokens.insert(place, random.choice(sorted(NAMES)) + random.choice(["(", "", " "]))
        elif change == 7:
            tokens = ["(" * 3, *tokens, ")" * random.choice([2, 3, 4])]
        elif change == 8:
            tokens = [token for token in tokens if not token.isspace()]
        elif change == 9 and place < len(tokens):
            letters = list(tokens[place])
            letters[random.randrange(len(letters))] = chr(random.choice([random.randrange(128), random.randrange(0x2500)]))
            tokens[place] = "".join(letters)
        elif change == 10:
            tokens = [*tokens, random.choice([";", " + ", " ", ".*", "\n"]), *TOKEN.findall(random.choice(others)[0])]
        else:
            tokens[place:place] = [random.choice(["^", "-", "'", "[", "(", "||", "+", "/"])] * random.choice([1, 2, 300])
    return "".join(tokens)[:LONGEST]


def made(seed: int, good: list[tuple[str, list[str]]], foreign: list[str] = FOREIGN) -> tuple[str, str]:
    """The text of a seed and the variable."""
    random = Random(seed)
    if foreign is FOREIGN and seed % TEX_EVERY == TEX_EVERY - 1:
        formulas = papers()
        formula, names = random.choice(formulas)
        if random.random() < 0.85:
            return mutated_tex(formula, formulas, random), random.choice([*names, "all", "x"])
        parts = [random.choice(TEX) + random.choice(["", " ", "x", "A"]) for _ in range(random.choice([2, 5, 12, 40, 300]))]
        return "".join(["\\alpha ", *parts])[:LONGEST], random.choice([*names, "x"])
    expr, wrt = random.choice(good)
    manner = random.random()
    if manner < 0.8:
        text = mutated(expr, good, random, foreign)
    elif manner < 0.9:
        words = [
            *foreign,
            *sorted(NAMES),
            "x",
            "A",
            "X",
            "y",
            "n",
            "m",
            "+",
            "-",
            "*",
            "(",
            ")",
            " ",
            " ",
            "^T",
            "^",
            "/",
            ".*",
            "2",
        ]
        text = "".join(random.choice(words) + random.choice(["", " "]) for _ in range(random.choice([1, 3, 8, 20, 200])))[
            :LONGEST
        ]
    else:
        size = random.choice([1, 5, 40, 400, LONGEST // 2])
        data = bytes(random.randrange(256) for _ in range(size))
        text = data.decode(
            random.choice(["latin-1", "utf-8", "utf-16", "ascii"]), random.choice(["replace", "ignore", "backslashreplace"])
        )
    return text, random.choice([*wrt, "all", "x"])


def wrong_diagnostic(diagnostic: Diagnostic, text: str) -> Bad | None:
    """What is wrong with a diagnostic of a text."""
    drawn = render(diagnostic, text)
    shown = UNPRINTABLE.search(drawn.replace("\ud800", ""))
    if shown is not None and not "\ud800" <= shown[0] <= "\udfff":
        return Bad("unprintable", repr(shown[0]) + " in " + drawn)
    for label in diagnostic.labels:
        if not 0 <= label.span.start <= label.span.end <= len(text):
            return Bad("span", f"{label.span} of {len(text)} in {drawn}")
    if not diagnostic.message or "\n" in diagnostic.message:
        return Bad("message", drawn)
    json.dumps(diagnostic.to_dict(text))
    return None


def _crashed(crash: Exception) -> Bad:
    frames = traceback.extract_tb(crash.__traceback__)
    return Bad(f"{type(crash).__name__} in {frames[-1].name}", "".join(traceback.format_exception(crash)[-14:]))


def in_process(text: str, variable: str, outcomes: Counter[str], syntax: str = "auto") -> Bad | None:
    """Through the Python interface."""
    start = monotonic()
    try:
        answer = matdiff.differentiate(text, variable, timeout=ANSWER_TIME, syntax=syntax)
        outcomes["answer"] += 1
        for remark in answer.remarks:
            problem = wrong_diagnostic(diagnose(remark, text), text)
            if problem is not None:
                return problem
        assert all((answer.text, answer.unicode, answer.latex)) or not answer.results
    except (Errors, MatdiffError) as refused:
        outcomes["out of time"] += isinstance(refused, TooLarge) and refused.what == "time"
        try:
            diagnostics = diagnose_all(refused, text)
        except Exception as crash:
            return _crashed(crash)
        for diagnostic in diagnostics:
            outcomes[diagnostic.code] += 1
            problem = wrong_diagnostic(diagnostic, text)
            if problem is not None:
                return problem
    except Exception as crash:
        return _crashed(crash)
    spent = monotonic() - start
    return Bad("slow", f"{spent:.1f} s") if spent > SECONDS else None


def as_command(text: str, variable: str, random: Random, folder: Path) -> Bad | None:
    """Through the command."""
    options = ["--wrt", variable, "--timeout", str(ANSWER_TIME), "--to", random.choice(FORMATS)]
    options += random.choice(
        [[], [], ["--steps"], ["--shapes"], ["--hessian"], ["--notation", "all"], ["--layout", "numerator"], ["-q"]]
    )
    path = folder / "input"
    path.write_bytes(text.encode("utf-8", random.choice(["replace", "surrogatepass"])))
    as_file = random.random() < 0.5 or "\0" in text or UNPRINTABLE.search(text) is not None or not text or text.startswith("-")
    arguments = ["--file", str(path)] if as_file else [text]
    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))  # noqa: E731
    command = [sys.executable, "-m", "matdiff", *arguments, *options]
    try:
        done = subprocess.run(command, capture_output=True, timeout=30, preexec_fn=limit, check=False)
    except subprocess.TimeoutExpired:
        return Bad("hangs", " ".join(options))
    told = done.stderr.decode("utf-8", "replace")
    if done.returncode not in (0, 2, 3, 4) or "Traceback" in told or "E700" in told:
        return Bad(
            f"status {done.returncode}", f"{' '.join(options)}\n{done.stdout.decode('utf-8', 'replace')[:300]}\n{told[-1500:]}"
        )
    if "json" in options and done.stdout:
        for line in done.stdout.decode("utf-8").split("\n"):
            json.loads(line or "{}")
    return None


def run(seeds: Iterator[int], is_code: bool = False) -> tuple[int, Counter[str], list[tuple[int, Bad]]]:
    """How many inputs there were, what became of them, and the bad ones."""
    good, outcomes, bad, count = codes() if is_code else texts(), Counter[str](), [], 0
    foreign, trap = PYTHON if is_code else FOREIGN, Path(TRAP)
    assert not trap.exists()
    with TemporaryDirectory() as folder:
        for seed in seeds:
            text, variable = made(seed, good, foreign)
            syntax = "numpy" if is_code and seed % 4 else "auto"
            found = in_process(text, variable, outcomes, syntax)
            found = Bad("something was run", "") if trap.exists() else found
            if found is not None and found.kind == "slow":  # or the machine was busy
                start = process_time()
                again = in_process(text, variable, Counter(), syntax)
                found = again if process_time() - start > SECONDS else None
            if found is None and seed % EVERY == 0:
                outcomes["command"] += 1
                found = as_command(text, variable, Random(seed), Path(folder))
            count += 1
            if found is not None:
                bad.append((seed, found))
                print(f"seed {seed}: {found.kind}\n  {text[:300]!r} by {variable!r}\n  {found.detail[-1200:]}", flush=True)
            if count % 5000 == 0:
                print(f"{count} inputs, {len(bad)} bad", file=sys.stderr, flush=True)
    return count, outcomes, bad


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--code", action="store_true", help="code for NumPy, JAX and PyTorch")
    asked = parser.parse_args()
    assert limits.CHARACTERS > LONGEST
    if asked.count is None:
        text, variable = made(asked.seed, codes(), PYTHON) if asked.code else made(asked.seed, texts())
        print(repr(text), variable)
    print(f"python tests/fuzz_input.py --count {asked.count or 1} --seed {asked.seed}{' --code' * asked.code}", flush=True)
    count, outcomes, bad = run(iter(range(asked.seed, asked.seed + (asked.count or 1))), asked.code)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"{count} inputs, {len(bad)} bad, {memory} MB; {', '.join(f'{key} {n}' for key, n in outcomes.most_common())}")
    for kind, times in Counter(found.kind for _, found in bad).most_common():
        print(f"  {times} x {kind}: seed {next(seed for seed, found in bad if found.kind == kind)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
