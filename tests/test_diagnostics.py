"""Errors and remarks in words and carets; the examples are those of the error catalogue."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matdiff.infer.infer import infer
from matdiff.language import errors
from matdiff.language.dims import size
from matdiff.language.errors import Errors, MatdiffError
from matdiff.language.syntax import Expr, Span
from matdiff.limits import ERRORS
from matdiff.mistakes import words
from matdiff.mistakes.diagnostic import Diagnostic, Help, Label, width
from matdiff.mistakes.texts import mistakes
from matdiff.mistakes.words import diagnose, diagnose_all, render
from matdiff.read.parse import Declaration, Definition, Question, parse, parse_declaration


def said(text: str, wrt: Sequence[str] = (), var: Sequence[str] = (), path: str | None = None) -> str:
    """Everything that is said about a question: errors, else remarks."""
    source = text
    try:
        declarations: list[Declaration] = []
        for source in var:
            declarations += parse_declaration(source)
        source = text
        statements = parse(text)
        question = [statement for statement in statements if isinstance(statement, Question)][-1]
        declarations += [statement for statement in statements if isinstance(statement, Declaration)]
        definitions = {statement.name: statement.expr for statement in statements if isinstance(statement, Definition)}
        typed = infer(question.expr, declarations, definitions, wrt=question.wrt or wrt)
        return "\n".join(render(diagnose(remark, text), text, path) for remark in (*question.remarks, *typed.remarks))
    except (MatdiffError, Errors) as problem:
        return "\n".join(render(diagnostic, source, path) for diagnostic in diagnose_all(problem, source))


CATALOGUE: list[tuple[str, list[str], list[str], str]] = [
    (
        "a^T W^T x)",
        ["W"],
        [],
        """
error[E101]: unexpected `)`
    a^T W^T x)
             ^ nothing is open here
help: remove it:  a^T W^T x
""",
    ),
    (
        "tr(X^T (A X)",
        ["X"],
        [],
        """
error[E102]: `(` is never closed
    tr(X^T (A X)
      ^         - expected `)` before the end
      |
      opened here
help: add `)` at the end:  tr(X^T (A X))
""",
    ),
    (
        "x^T A +",
        ["x"],
        [],
        """
error[E103]: the expression ends too early
    x^T A +
           ^ expected a term after `+`
""",
    ),
    (
        "x^T A ** 2",
        ["x"],
        [],
        """
error[E104]: `**` is not an operator here
    x^T A ** 2
          ^^ write `^`
help: x^T A^2
note: `.^` is the elementwise power
""",
    ),
    (
        "X.T @ y",
        ["X"],
        [],
        """
error[E104]: `.T` is not an operator here
    X.T @ y
     ^^ write `^T` or `'`
help: X^T y
help: `@` itself is accepted as a product
""",
    ),
    (
        "|x|^2",
        ["x"],
        [],
        """
error[E104]: single `|` is ambiguous
    |x|^2
    ^ ^ absolute value, norm or determinant?
help: ||x||^2   squared Euclidean norm
help: abs(x)    elementwise absolute value
help: det(X)    determinant
""",
    ),
    (
        "x^Ty",
        ["x"],
        [],
        """
error[E107]: `Ty` is read as one name, so this is x to the power Ty
    x^Ty
      ^^ one name
help: x^T y
note: names may have several letters: write a space between two names
""",
    ),
    (
        "2.*x",
        ["x"],
        [],
        """
warning[W603]: `2.*x` is read as `2 .* x`
    2.*x
     ^^ elementwise product
help: write `2 x` or `2.0 x` to be clear
""",
    ),
    (
        "alpha / beta gamma",
        ["alpha"],
        [],
        """
warning[W604]: `alpha / beta gamma` can be read in two ways
    alpha / beta gamma
    ^^^^^^^^^^^^ this division is done first
help: write (alpha / beta) gamma or alpha / (beta gamma)
""",
    ),
    (
        "logdte(X)",
        ["X"],
        [],
        """
error[E201]: unknown function `logdte`
    logdte(X)
    ^^^^^^
help: did you mean `logdet`?
note: `matdiff --functions` lists all of them
""",
    ),
    (
        "logdte(X) + tr(A X",
        ["X"],
        [],
        """
error[E102]: `(` is never closed
    logdte(X) + tr(A X
                  ^   - expected `)` before the end
                  |
                  opened here
help: add `)` at the end:  logdte(X) + tr(A X)
error[E201]: unknown function `logdte`
    logdte(X) + tr(A X
    ^^^^^^
help: did you mean `logdet`?
note: `matdiff --functions` lists all of them
""",
    ),
    (
        "outer(A)",
        ["A"],
        [],
        """
error[E202]: `outer` takes 2 arguments, got 1
    outer(A)
    ^^^^^^^^
help: outer(A, B)
""",
    ),
    (
        "a^T W^T x",
        ["w"],
        [],
        """
error[E203]: `w` does not occur in the expression
    a^T W^T x
        - `W` is a different name
help: did you mean --wrt W?
note: variables: a, W, x
""",
    ),
    (
        "||Ax - b||^2",
        ["x"],
        [],
        """
error[E203]: `x` does not occur in the expression
    ||Ax - b||^2
      ^^ one name; names may have several letters
help: ||A x - b||^2
""",
    ),
    (
        "W: m x n; W: n x k; tr(W)",
        ["W"],
        [],
        """
error[E205]: `W` is declared twice
    W: m x n; W: n x k; tr(W)
    --------  ^^^^^^^^ declared n × k here
    |
    first declared m × n
""",
    ),
    (
        "tr(W W^T)",
        ["W"],
        ["W: 3 by 4"],
        """
error[E206]: cannot read this declaration
    W: 3 by 4
         ^^ expected `x` between the two sizes
help: W: 3 x 4
note: forms: `W: m x n`, `x: n`, `c: scalar`, `S: symmetric n`, `D: diagonal n`, `P: spd n`
""",
    ),
    (
        "y = W^T z; z = A y; a^T z",
        ["W"],
        [],
        """
error[E207]: `y` and `z` are defined by each other
    y = W^T z; z = A y; a^T z
            ^        ^ z needs y
            |
            y needs z
""",
    ),
    (
        "I = A B; tr(A)",
        ["A"],
        [],
        """
error[E204]: `I` is reserved for the identity matrix
    I = A B; tr(A)
    ^ choose another name, for example `I_1`
note: reserved: I, ones, zeros, eye, wrt, pi and the names of functions
""",
    ),
    (
        "a^T W x",
        ["W"],
        ["W: m x n", "x: m"],
        """
error[E301]: cannot multiply W (m × n) by x (size m)
    a^T W x
        - ^ size m, but n is needed here
        |
        W is m × n
help: transpose W:  a^T W^T x
note: m and n were declared, so they are different sizes
""",
    ),
    (
        "x y",
        ["x"],
        [],
        """
error[E301]: cannot multiply two column vectors
    x y
    - ^ vector
    |
    vector
help: x^T y    inner product (a scalar)
help: x y^T    outer product (a matrix)
help: x .* y   elementwise product (a vector)
""",
    ),
    (
        "x^T A x + b",
        ["x"],
        ["b: n"],
        """
error[E302]: cannot add a scalar and a vector
    x^T A x + b
    -------   ^ vector of size n
    |
    scalar
help: b^T x, if a linear term was meant
help: declare b as a scalar: --var "b: scalar"
""",
    ),
    (
        "A X - X^T",
        ["X"],
        ["X: n x k", "A: n x n"],
        """
error[E302]: cannot subtract k × n from n × k
    A X - X^T
    ---   ^^^ k × n
    |
    n × k
help: drop the transpose:  A X - X
note: n and k were declared, so they are different sizes
""",
    ),
    (
        "x .* A",
        ["x"],
        [],
        """
error[E303]: elementwise `.*` needs two equal shapes
    x .* A
    -    ^ matrix
    |
    vector
help: diag(x) A   scales the rows of A by x
""",
    ),
    (
        "logdet(W)",
        ["W"],
        ["W: m x n"],
        """
error[E304]: `logdet` needs a square matrix
    logdet(W)
           ^ W is m × n
help: logdet(W^T W), if the columns of W are independent
""",
    ),
    (
        "x^2",
        ["x"],
        [],
        """
error[E307]: `^` needs a scalar or a square matrix
    x^2
    ^ a vector
help: x^T x   sum of squares
help: x.^2    elementwise square
""",
    ),
    (
        "x / y",
        ["y"],
        [],
        """
error[E308]: cannot divide by a vector
    x / y
      ^ - a vector
help: x ./ y   elementwise quotient
""",
    ),
    (
        "(y - X beta)^T (y - X beta)",
        ["beta"],
        [],
        """
note[W601]: `beta` is taken as a vector of size n, not as a scalar
    (y - X beta)^T (y - X beta)
           ^^^^ by how it is used
help: declare it to make this explicit: --var "beta: n"
note: vectors are added to vectors, transposed and multiplied with a dot
""",
    ),
    (
        "tr(exp(X))",
        ["X"],
        [],
        """
note[W605]: `exp` acts on each entry of X
    tr(exp(X))
       ^^^ elementwise
help: write expm(X) for the matrix exponential
""",
    ),
    (
        "xᵀ А x",
        ["x"],
        [],
        """
error[E108]: `А` is the Cyrillic letter U+0410, not the Latin A
    xᵀ А x
       ^
help: xᵀ A x
""",
    ),
]


@pytest.mark.parametrize(("text", "wrt", "var", "expected"), CATALOGUE, ids=lambda part: part if isinstance(part, str) else "")
def test_catalogue(text: str, wrt: list[str], var: list[str], expected: str) -> None:
    assert said(text, wrt, var) + "\n" == expected.lstrip("\n")


def test_error_inside_a_file() -> None:
    text = "# ridge\nA: m x n\nr = A w - b\nr^T r + lambda ||w|_2^2"
    assert (
        said(text, path="ridge.md")
        == """\
error[E102]: `||` is never closed
 --> ridge.md:4:19
  |
4 | r^T r + lambda ||w|_2^2
  |                -- ^ expected `||`
  |                |
  |                opened here
help: ||w||_2^2"""
    )


MISTAKES = [
    "a)", "tr((A B", "(a; b)", "[a) + b", "||x|_2 + y", "A ** B ** 2", "X.transpose() y",
    "x *. y", "{x}", "$x$", "np.linalg.inv(X) y", "torch.trce(X)", "X.sum()", "\\lambda x", "\\mathbf x",
    "log det + tr A", "tr x^T, y", "mean + x", "x^TAx", "x^T2", "(x)^Ty", "А Β x", "sofmax(x)",
    "slogdet(X)", "Foo(x)", "tr()", "tr(a, b)", "exp = 2; x", "y = y; y", "x^2^3", "[A, B; C]", "_x + _y",
    "x wrt 2", "2 = 3", "x ∀", "1/0", "# nothing", "x +\n* y", "1e9999", "(((x", "x; y +; z )",
]  # fmt: skip


@pytest.mark.parametrize("text", MISTAKES)
def test_corrections_can_be_read(text: str) -> None:
    """And every diagnostic is drawn, within the text."""
    with pytest.raises(Errors) as caught:
        parse(text)
    found = [error.code for error in caught.value.errors]
    for diagnostic in diagnose_all(caught.value, text):
        assert diagnostic.message[0] == "`" or diagnostic.message[0].islower()
        assert not diagnostic.message.endswith(".")
        assert render(diagnostic, text).startswith(f"error[{diagnostic.code}]: ")
        assert all(0 <= label.span.start <= label.span.end <= len(text) for label in diagnostic.labels)
        for help in diagnostic.help:
            if help.replacement is not None:
                assert len(mistakes(help.replacement)) < len(found)


@pytest.mark.parametrize(
    ("text", "replacement"),
    [
        ("np.linalg.inv(X) y", "inv(X) y"),
        ("slogdet(X)", "logdet(X)"),
        ("x^TAx", "x^T A x"),
        ("x^T2 y", "x^T 2 y"),
        ("tr((A B", "tr((A B))"),
        ("y = A; tr(y", "tr(y)"),
        ("\\lambda x", "lambda x"),
        ("Foo(x)", "Foo (x)"),
    ],
)
def test_corrections(text: str, replacement: str | None) -> None:
    with pytest.raises(Errors) as caught:
        parse(text)
    help = diagnose_all(caught.value, text)[0].help
    assert (help[0].replacement if help else None) == replacement


@pytest.mark.parametrize(
    ("text", "replacement"),
    [
        ("W: 3 by 4", "W: 3 x 4"),
        ("W: m, n", "W: m x n"),
        ("W: 3 4", "W: 3 x 4"),
        ("A m x n", "A: m x n"),
        ("S: symetric n", "S: symmetric n"),
        ("S: sym n", "S: symmetric n"),
        ("S: spd m x n", "S: spd m"),
        ("A: matrix m x n", "A: m x n"),
        ("x: 0", None),
        ("A: m x", None),
        ("", None),
    ],
)
def test_corrections_of_declarations(text: str, replacement: str | None) -> None:
    with pytest.raises(Errors) as caught:
        parse_declaration(text)
    help = diagnose(caught.value.errors[0], text).help
    assert (help[0].replacement if help else None) == replacement


def test_every_kind_has_words() -> None:
    def leaves(kind: type) -> list[type]:
        below = [leaf for child in kind.__subclasses__() if child is not Errors for leaf in leaves(child)]
        return below or [kind]

    kinds = {*leaves(errors.MatdiffError), *leaves(errors.Remark)}
    assert kinds == {*words._WORDS, *words.ADVICE}
    codes = [(kind.code, kind.name) for kind in kinds]  # type: ignore[attr-defined]
    assert len(set(codes)) == len(codes) == len({name for _, name in codes})


def _typed(text: str, rows: str | int, columns: str | int = 1) -> Expr:
    return Expr("name", (), text, span=Span(0, 1), shape=(size(rows), size(columns)))


CANDIDATES = tuple((e.value, "", e.shape) for e in (_typed("W", "m", "n"), _typed("x", "m"), _typed("c", 1)))


@pytest.mark.parametrize(
    ("problem", "text", "expected"),
    [
        (
            errors.WhichVariable(candidates=CANDIDATES),
            "x",
            "error[E401]: which variable? add --wrt\nhelp: --wrt W     the m × n matrix W\n"
            "help: --wrt x     the vector x of size m\n"
            "help: --wrt c     the scalar c\nhelp: --wrt all   each of them",
        ),
        (
            errors.NotQuoted(words=("x^T", "A", "x")),
            "",
            "error[E501]: the expression must be one argument, got 3\nhelp: quote it:  matdiff 'x^T A x'",
        ),
        (
            errors.NotAName(text="X^T", names=("A", "X")),
            "",
            "error[E504]: --wrt takes the name of a variable, not `X^T`\nhelp: --wrt X\nnote: variables: A, X",
        ),
        (
            errors.NotASize(text="nn", number=3, names=("m", "n")),
            "",
            "error[E508]: `nn` is not the name of a size here\nhelp: did you mean `--size n=3`?\nnote: sizes: m, n",
        ),
        (
            errors.NotASize(text="n", number=3, names=()),
            "",
            "error[E508]: `n` is not the name of a size here\nnote: every size is a number",
        ),
        (errors.UnreadableFile(path="a.txt", why="no such file"), "", "error[E502]: a.txt: no such file"),
        (
            errors.TooManyAxes(axes=12, limit=8, order=3),
            "",
            "error[E403]: the result would have 12 axes; at most 8 are supported\nhelp: use --order 2",
        ),
        (
            errors.NoClosedForm(function="expm", span=Span(0, 4)),
            "expm(X)",
            "error[E404]: `expm` has no closed-form derivative here\n    expm(X)\n    ^^^^",
        ),
        (
            errors.NoSteps(order=2),
            "",
            "error[E406]: --steps stops at order 1 here: that derivative has no matrix notation to be differentiated again\n"
            "help: use --order 1",
        ),
        (
            errors.NoSteps(order=0),
            "",
            "error[E406]: --steps shows how a derivative comes about, and --order 0 asks for none\nhelp: leave out --order 0",
        ),
        (
            errors.TooLarge(what="text", limit=1_000_000),
            "",
            "error[E405]: the text is longer than 1,000,000 characters\nhelp: ask in several texts, one after the other",
        ),
        (
            errors.WrongKind(function="softmax", argument=_typed("X", "m", "n"), expected="vector"),
            "X",
            "error[E305]: `softmax` needs a vector\n    X\n    ^ X is m × n",
        ),
        (
            errors.IndexRange(span=Span(0, 1), index="5", size="4"),
            "5",
            "error[E310]: the index 5 is not between 1 and 4\n    5\n    ^",
        ),
        (
            errors.NoSize(span=Span(0, 3), index=False),
            "n/2",
            "error[E314]: this is not a size\n    n/2\n    ^^^ a size is a whole number, a name, or a sum or product of these, "
            "at least 1",
        ),
        (
            errors.DefinitionShape(variable="y", definition=_typed("x", "n"), declared=(size("m"), size("n"))),
            "x",
            "error[E313]: `y` is declared m × n, but defined n × 1\n    x\n    ^ size n",
        ),
        (
            errors.NotSmooth(span=Span(0, 6), function="abs", at="an entry is 0", used="sign(0) = 0 is used there"),
            "abs(X)",
            "note[W606]: `abs` has no derivative where an entry is 0\n    abs(X)\n    ^^^^^^ sign(0) = 0 is used there",
        ),
    ],
    ids=lambda part: type(part).__name__ if isinstance(part, errors.Problem) else "",
)
def test_words(problem: MatdiffError, text: str, expected: str) -> None:
    assert render(diagnose(problem, text), text) == expected


# Drawing


def _drawn(text: str, *labels: Label, path: str | None = None) -> str:
    return render(Diagnostic("error", "E000", "test", "message", labels), text, path)


def test_three_labels_hang_below_one_another() -> None:
    labels = [Label(Span(0, 1), "first"), Label(Span(4, 5), "second", primary=False), Label(Span(8, 9), "third")]
    assert _drawn("a + b + c", *labels).splitlines()[1:] == [
        "    a + b + c",
        "    ^   -   ^ third",
        "    |   |",
        "    |   second",
        "    first",
    ]


def test_wide_and_combining_characters() -> None:
    assert width("xᵀ") == 2 and width("変x") == 3 and width("e\N{COMBINING ACUTE ACCENT}") == 1
    assert _drawn("変 + b", Label(Span(4, 5), "here")).splitlines()[2] == "         ^ here"
    assert _drawn("b + 変", Label(Span(4, 5))).splitlines()[2] == "        ^^"


def test_several_lines_get_a_gutter() -> None:
    text = "\n" * 8 + "a +\nb"
    drawn = _drawn(text, Label(Span(8, 9), "one"), Label(Span(12, 13), "two", primary=False), path="f")
    assert drawn.splitlines()[1:] == ["  --> f:9:1", "   |", " 9 | a +", "   | ^ one", "10 | b", "   | - two"]


def test_the_first_line_can_have_another_number() -> None:
    diagnostic = Diagnostic("error", "E000", "test", "message", [Label(Span(0, 1))])
    assert render(diagnostic, "a", "f", first_line=7).splitlines()[1:4] == [" --> f:7:1", "  |", "7 | a"]


def test_long_lines_are_cut() -> None:
    text = "a + " * 1000 + "b" + " + a" * 1000
    drawn = _drawn(text, Label(Span(4000, 4001), "here")).splitlines()
    assert len(drawn[1]) < 200 and drawn[1].count("...") == 2
    assert drawn[1][drawn[2].index("^")] == "b"


def test_control_characters_do_not_reach_the_terminal() -> None:
    text = "x\x1b[31m\x07 \u202e\t+"
    with pytest.raises(Errors) as caught:
        parse(text)
    for diagnostic in diagnose_all(caught.value, text):
        drawn = render(diagnostic, text, path="a\x1b[0m")
        assert not any(ord(c) < 32 and c != "\n" for c in drawn) and "\u202e" not in drawn


def test_colour_only_adds() -> None:
    import re

    text = "tr(X^T (A X)"
    with pytest.raises(Errors) as caught:
        parse(text)
    diagnostic = diagnose(caught.value.errors[0], text)
    coloured = render(diagnostic, text, "f", True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render(diagnostic, text, "f")


def test_at_most_five_errors() -> None:
    with pytest.raises(Errors) as caught:
        parse("\n".join(["x )"] * 20))
    assert len(diagnose_all(caught.value, "x )")) == ERRORS


def test_json() -> None:
    text = "a^T W x"
    with pytest.raises(MatdiffError) as caught:
        infer(parse(text)[0].expr, parse_declaration("W: m x n") + parse_declaration("x: m"), {})  # type: ignore[union-attr]
    assert diagnose(caught.value, text).to_dict(text) == {
        "severity": "error",
        "code": "E301",
        "name": "size-product",
        "message": "cannot multiply W (m × n) by x (size m)",
        "labels": [
            {
                "span": {"start": 4, "end": 5, "line": 1, "column": 5},
                "text": "W is m × n",
                "primary": False,
                "shape": ["m", "n"],
            },
            {
                "span": {"start": 6, "end": 7, "line": 1, "column": 7},
                "text": "size m, but n is needed here",
                "primary": True,
                "shape": ["m"],
            },
        ],
        "help": [{"message": "transpose W", "replacement": "a^T W^T x"}],
        "notes": ["m and n were declared, so they are different sizes"],
    }


def test_help_lines() -> None:
    assert Help("transpose W", "W^T").line == "transpose W:  W^T"
    assert Help("did you mean `tr`?").line == "did you mean `tr`?"
    assert Help("inner", "x^T y", "x^T y   inner").line == "x^T y   inner"


_PIECES = st.sampled_from(
    "x A W y T I tr det exp ( ) [ ] || | + - * / .* ^ ^T ' ᵀ , ; : = wrt \n "
    "2 1.5 _x ** \\ \\top А λ e { $ x: n 2.* .T @ \t \x1b X[ Ty".split(" ")
)


@given(st.lists(_PIECES, max_size=12), st.booleans())
@settings(deadline=None)
def test_any_mistake_has_words(pieces: list[str], spaced: bool) -> None:
    text = (" " if spaced else "").join(pieces)
    for reader in (parse, parse_declaration):
        try:
            reader(text)
        except Errors as problem:
            for diagnostic in diagnose_all(problem, text):
                assert render(diagnostic, text, "f", True) and diagnostic.to_dict(text)
