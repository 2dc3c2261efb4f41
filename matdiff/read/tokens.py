"""Gives every token of a statement its final type; finds the mistakes that show in single tokens.

What is decided here needs to see further than the next token: whether `T` is a transpose or a name, whether a name is a function.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matdiff.functions import LINES, NAMES, RESERVED
from matdiff.language.errors import (
    BadNumber,
    DecimalOrElementwise,
    ForeignOperator,
    GluedTranspose,
    LookAlikeLetter,
    MatdiffError,
    NeedsParentheses,
    ReservedName,
    UnexpectedText,
    UnknownCommand,
    UnknownFunction,
)
from matdiff.language.kinds import stem
from matdiff.language.syntax import Span
from matdiff.read.split import CLOSERS, OPENERS, TERM_ENDS, Sentence, span_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matdiff.read.lalr import Token


def _pairs(table: str) -> dict[str, str]:
    words = table.split()
    return dict(zip(words[::2], words[1::2], strict=True))


_GREEK_NAMES = """
    Γ Gamma Δ Delta Θ Theta Λ Lambda Ξ Xi Π Pi Σ Sigma Φ Phi Ψ Psi Ω Omega
    α alpha β beta γ gamma δ delta ε epsilon ζ zeta η eta θ theta ι iota κ kappa λ lambda μ mu ν nu ξ xi π pi ρ rho σ sigma
    τ tau υ upsilon φ phi χ chi ψ psi ω omega ϑ theta ϕ phi ϖ pi ϱ rho ϵ epsilon ς sigma µ mu
"""
GREEK = _pairs(_GREEK_NAMES)
CONSTANTS = ("I", "ones", "zeros", "pi")
# What is called like a function only where two arguments follow: elsewhere e and K are names like others.
CALLED_BY_PAIR = ("e", "K")
# What is called like a function but is not a row of the table, and the op it becomes.
SPECIAL_CALLS = {
    "transpose": "'", "eye": "I", "ones": "ones", "zeros": "zeros", "rows": "rows", "cols": "cols", "e": "e", "unvec": "unvec",
    "K": "commutation",
}  # fmt: skip

_LOOK_ALIKE = _pairs(
    """
    А A В B Е E Ѕ S І I Ј J К K М M Н H О O Р P С C Т T Х X У Y а a с c е e і i ј j о o р p х x у y ѕ s ԁ d ɡ g
    Α A Β B Ε E Ζ Z Η H Ι I Κ K Μ M Ν N Ο O Ρ P Τ T Υ Y Χ X ο o
"""
)
# Operators of other languages that are several tokens here.
_SEVERAL_TOKENS = ("%*%", "%o%", "%x%", "<-", "\\|")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
# A term can end with these, so what follows may be a factor, a closing bar or an index.
_PRODUCT_ENDS = frozenset(["PLUS", "MINUS", "COLON", "COMMA", "WRT", "EQUALS", "RPAR", "RSQB", "BARS_CLOSE", "SEMICOLON"])


def normal_name(written: str) -> str:
    """The one spelling of a name: Greek letters spelled out, subscript digits as `_1`."""
    if written.isascii():
        return str(written)
    stem = written.rstrip("₀₁₂₃₄₅₆₇₈₉")
    subscript = written[len(stem) :].translate(_SUBSCRIPTS)
    return "".join(GREEK.get(letter, letter) for letter in stem) + ("_" + subscript if subscript else "")


def names_of(sentences: Iterable[Sentence], known: Iterable[str]) -> frozenset[str]:
    """Every name that is certainly a variable: declared, defined, or used without `(` right after it."""
    names = set(known)
    for sentence in sentences:
        for position, token in enumerate(sentence.tokens):
            following = sentence.tokens[position + 1] if position + 1 < len(sentence.tokens) else None
            is_transpose = token in _RAISED and _is_raised(sentence.tokens, position)
            is_variable = not is_transpose and not _says_lines(sentence.tokens, position)
            if token.type == "NAME" and is_variable and not _touches(token, following, "LPAR"):
                names.add(normal_name(token))
    return frozenset(names)


# What stands for a transpose behind a `^`, and would behind a `.^` if it meant nothing else.
_RAISED = ("T", "H")


def _is_raised(tokens: Sequence[Token], position: int) -> bool:
    """Whether the token stands behind `^` or `.^`, with `(` or `-` between at most."""
    place = position - 1
    while place >= 0 and tokens[place].type in ("LPAR", "MINUS"):
        place -= 1
    return place >= 0 and (tokens[place].type == "DOT_CARET" or (tokens[place].type == "CARET" and tokens[position] == "T"))


def _says_lines(tokens: Sequence[Token], position: int) -> bool:
    """Whether it is the `rows` of `softmax(X, rows)`."""
    before, behind = (tokens[place].type if 0 <= place < len(tokens) else "" for place in (position - 1, position + 1))
    return tokens[position] in LINES and before == "COMMA" and behind == "RPAR"


def _touches(token: Token, following: Token | None, kind: str) -> bool:
    return following is not None and following.type == kind and token.end_pos == following.start_pos


# What follows the bars of a norm behind an underscore.
_NORMS = ("1", "2", "F", "inf")


def classify_expression(sentence: Sentence, names: frozenset[str]) -> None:
    """Final token types of an expression or definition; mistakes and remarks go into the sentence."""
    tokens = sentence.tokens
    result: list[Token] = []
    position = 2 if sentence.is_definition else 0
    if sentence.is_definition:
        check_name(sentence, tokens[0])
        result += tokens[:2]
    parentheses_needed_until = 0
    while position < len(tokens):
        token = tokens[position]
        following = tokens[position + 1] if position + 1 < len(tokens) else None
        transposed = _transpose(tokens, position)
        if transposed and token.type == "DOT_CARET":
            if not {*transposed[0]} & names:
                span = Span(token.start_pos, transposed[1].end_pos)
                sentence.fail(ForeignOperator(span=span, written=".^" + "".join(transposed[0])))
                return
        elif transposed:
            token.type = "INVERSE_TRANSPOSE" if "-" in transposed[0] else "TRANSPOSE"
            token.end_pos = transposed[1].end_pos
            position += len(transposed[0])
        elif (
            token.type == "CARET" and following is not None and following.type == "NAME" and _is_glued_transpose(following, names)
        ):
            base = result[-1] if result else token
            sentence.fail(GluedTranspose(span=span_of(following), written=str(following), base=span_of(base)))
            return
        elif token.type == "MINUS" and _is_option(tokens[position : position + 3]):
            option = tokens[position + 2]
            span = Span(token.start_pos, option.end_pos)
            sentence.fail(UnexpectedText(span=span, text=f"--{option}", reason="option"))
            return
        elif token in _NORMS and result and result[-1].type == "BARS_CLOSE" and result[-1].end_pos == token.start_pos:
            sentence.fail(UnexpectedText(span=span_of(token), text=str(token), reason="norm"))  # ||x||2
        elif token.type == "NAME":
            error = _classify_name(sentence, position, names, parentheses_needed_until)
            if isinstance(error, NeedsParentheses):
                parentheses_needed_until = error.argument.end if error.argument else 0
        elif token.type == "NUMBER":
            if _is_bad_number(sentence, position):
                return
            if token.isdigit():
                _remark_decimal(sentence, position)
        elif token.type in ("FOREIGN", "UNKNOWN"):
            position = _foreign(sentence, position)
        result.append(token)
        position += 1
    sentence.tokens = result


# Options of the command that may slip into the quotes.
_OPTIONS = frozenset(
    "wrt latex json to steps hessian order notation verify prove expect var layout structure quiet shapes".split()
)


def _is_option(tokens: list[Token]) -> bool:
    """`--latex`, which is no twofold minus."""
    types = [token.type for token in tokens]
    glued = all(one.end_pos == other.start_pos for one, other in zip(tokens, tokens[1:]))
    return types[:2] == ["MINUS", "MINUS"] and len(tokens) == 3 and glued and tokens[2] in _OPTIONS


def _transpose(tokens: list[Token], position: int) -> tuple[list[str], Token] | None:
    """`^T`, `^-T`, `^(T)`, `^⊤`: the texts after the `^`, and the last token.  Behind `.^` H is looked for too."""
    if tokens[position].type not in ("CARET", "DOT_CARET"):
        return None
    texts = [
        "T" if t.type == "TRANSPOSE" and t != "'" else "-" if t.type == "MINUS" else str(t)
        for t in tokens[position + 1 : position + 5]
    ]
    for letter in _RAISED if tokens[position].type == "DOT_CARET" else _RAISED[:1]:
        for pattern in ([letter], ["-", letter], ["(", letter, ")"], ["(", "-", letter, ")"]):
            if texts[: len(pattern)] == pattern:
                return pattern, tokens[position + len(pattern)]
    return None


# Digits in another base than ten, without the 0 in front.
_BASES = {"x": (16, "0123456789abcdef"), "o": (8, "01234567"), "b": (2, "01")}


def _is_bad_number(sentence: Sentence, position: int) -> bool:
    """Whether the number belongs to something that is none: then that is an error."""
    tokens = sentence.tokens
    run = [tokens[position]]
    for token in tokens[position + 1 :]:
        touching = token.start_pos == run[-1].end_pos
        is_sign = token == "'" or (token.type == "FOREIGN" and token.startswith("_"))
        if not touching or not (token.type in ("NUMBER", "NAME") or is_sign):
            break
        run.append(token)
    while run[-1] == "'":  # a transpose
        run.pop()
    written = "".join(run)
    before = tokens[position - 1] if position else None
    first, second = run[0], run[1] if len(run) > 1 else ""
    problem, meant = "", ""
    if first.startswith(".") and before is not None and before.type in TERM_ENDS and before.end_pos == first.start_pos:
        problem = "factor"
    elif (digits := _digits(written)) is not None:
        problem, meant = "groups", digits
    elif isinstance(second, str) and first == "0" and second[:1].lower() in _BASES and second[1:]:
        base, known = _BASES[second[0].lower()]
        if {*second[1:].lower()} <= {*known}:
            problem, meant, written = "base", str(int(second[1:], base)), first + second
    elif "e" in first.lower() and second[:1] in ("e", "E") and second[1:2].isdigit():
        problem = "exponents"
    elif len(run) > 1 and run[1].type == "NUMBER":
        problem = "points"
        meant = written.replace("..", ".") if written.count(".") == 2 and ".." in written else ""
    if not problem:
        return False
    span = Span(first.start_pos, first.start_pos + len(written))
    sentence.fail(BadNumber(span=span, written=written, problem=problem, meant=meant))
    return True


def _digits(written: str) -> str | None:
    """The number whose digits are in groups: 1_000, 1'000'000; None where they are not."""
    for sign in ("_", "'"):
        whole, point, rest = written.partition(".")
        groups = whole.split(sign)
        if len(groups) > 1 and all(group.isdecimal() for group in groups) and (not point or rest.isdecimal()):
            return "".join(groups) + point + rest
    return None


def _is_glued_transpose(token: Token, names: frozenset[str]) -> bool:
    """Whether `Ty` after `^` is a slip: the rest is a name of the text, or too short to be the rest of a word."""
    written, rest = str(token), str(token)[1:]
    if not written.startswith("T") or written in NAMES:
        return False
    return (
        rest in names
        or rest in CONSTANTS
        or rest in GREEK.values()
        or len(rest) <= 2
        or (rest.isalpha() and not rest.islower() and len(rest) <= 4)
    )


def _classify_name(sentence: Sentence, position: int, names: frozenset[str], quiet_until: int) -> MatdiffError | None:
    """CALL, CONSTANT or WRT; an error where a function lacks its parentheses or does not exist."""
    tokens = sentence.tokens
    token = tokens[position]
    following = tokens[position + 1] if position + 1 < len(tokens) else None
    called = following is not None and following.type == "LPAR"
    name = normal_name(token)
    if token == "wrt":
        token.type = "WRT"
    elif _says_lines(tokens, position):
        token.type = "LINES"
    elif (
        name in SPECIAL_CALLS
        and _touches(token, following, "LPAR")
        and (name not in CALLED_BY_PAIR or _has_comma(tokens, position + 1))
    ):
        token.type = "CALL"
    elif name in CONSTANTS:
        token.type = "CONSTANT"
    elif name in NAMES or (name in SPECIAL_CALLS and name not in CALLED_BY_PAIR):
        if called:
            token.type = "CALL"
        elif (token.start_pos or 0) >= quiet_until:
            error = _needs_parentheses(tokens, position)
            sentence.fail(error)
            return error
    elif _is_unknown_function(token, following, names):
        token.type = "CALL"  # its arguments are read all the same
        sentence.errors.append(UnknownFunction(span=span_of(token), function=str(token), names=tuple(sorted(names))))
    return None


def _is_unknown_function(token: Token, following: Token | None, names: frozenset[str]) -> bool:
    name = normal_name(token)
    is_known = name in names or name in NAMES or name in SPECIAL_CALLS
    return token.type == "NAME" and _touches(token, following, "LPAR") and not is_known and _is_word(token)


def add_unknown_functions(sentence: Sentence, names: frozenset[str]) -> None:
    """A bracket that is not closed hides no misspelt function."""
    for token, following in zip(sentence.tokens, sentence.tokens[1:], strict=False):
        if _is_unknown_function(token, following, names):
            sentence.errors.append(UnknownFunction(span=span_of(token), function=str(token), names=tuple(sorted(names))))


def _is_word(token: Token) -> bool:
    """More than one letter besides digits and subscripts, and not a Greek name: `logdte`, but not `x1`, `W_1` or `beta`."""
    letters = stem(token)
    return len(letters) > 1 and letters.isascii() and letters not in GREEK.values()


def _has_comma(tokens: list[Token], opener: int) -> bool:
    """Whether the bracket at `opener` holds a comma of its own."""
    depth = 0
    for token in tokens[opener:]:
        if token.type in OPENERS:
            depth += 1
        elif token.type in CLOSERS:
            depth -= 1
            if not depth:
                return False
        elif token.type == "COMMA" and depth == 1:
            return True
    return False


def _needs_parentheses(tokens: list[Token], position: int) -> NeedsParentheses:
    """`tr X^T A`: the argument is taken to be the rest of the product; functions in it that lack parentheses too are `inner`."""
    depth, last = 0, None
    inner: list[Span] = []
    for index in range(position + 1, len(tokens)):
        token = tokens[index]
        if depth == 0 and (token.type in _PRODUCT_ENDS or token == "wrt"):
            break
        depth += 1 if token.type in OPENERS else -1 if token.type in CLOSERS else 0
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        if depth == 0 and token.type == "NAME" and token in NAMES and not (following is not None and following.type == "LPAR"):
            inner.append(span_of(token))
        last = token
    function = tokens[position]
    if last is None or tokens[position + 1].type not in ("NAME", "NUMBER", "LSQB", "BARS_OPEN", "CONSTANT"):
        return NeedsParentheses(span=span_of(function), function=str(function))
    argument = Span(tokens[position + 1].start_pos or 0, last.end_pos or 0)
    return NeedsParentheses(span=span_of(function), function=str(function), argument=argument, inner=tuple(inner))


def _remark_decimal(sentence: Sentence, position: int) -> None:
    """`2.*x` can be meant as `2. * x`."""
    number, *rest = sentence.tokens[position : position + 3]
    if not rest or rest[0].start_pos != number.end_pos or rest[0] not in (".*", "./", ".^"):
        return
    operand = rest[1] if len(rest) > 1 and rest[1].type in ("NAME", "NUMBER") else rest[0]
    sentence.remarks.append(
        DecimalOrElementwise(span=span_of(rest[0]), start=number.start_pos or 0, end=operand.end_pos or 0, operator=str(rest[0]))
    )


def _foreign(sentence: Sentence, position: int) -> int:
    """The error for a token of another language; returns the position of the last token it is about."""
    tokens = sentence.tokens
    token = tokens[position]
    previous = tokens[position - 1] if position else None
    if token.type == "UNKNOWN":
        if token in _LOOK_ALIKE:
            sentence.fail(LookAlikeLetter(span=span_of(token), letter=str(token), latin=_LOOK_ALIKE[token]))
        else:
            sentence.fail(UnexpectedText(span=span_of(token), text=str(token), reason="character"))
    elif (joined := _joined(tokens, position)) is not None:
        span = Span(span_of(token).start, span_of(token).start + len(joined))
        unknown = UnknownCommand(span=span, command=joined) if joined == "\\|" else ForeignOperator(span=span, written=joined)
        sentence.fail(unknown)
        while position + 1 < len(tokens) and (tokens[position + 1].start_pos or 0) < span.end:
            position += 1
    elif len(token) == 2 and token[0] == "\\" and previous is not None and previous.type in TERM_ENDS:
        start = span_of(token).start  # A\b of MATLAB, not a command
        sentence.fail(ForeignOperator(span=Span(start, start + 1), written="\\"))
    elif token.startswith("\\") and len(token) > 1:
        sentence.fail(UnknownCommand(span=span_of(token), command=str(token)))
    elif token == "|":
        partner = next((later for later in tokens[position + 1 :] if later == "|"), None)
        sentence.fail(
            ForeignOperator(span=span_of(token), written="|", partner=span_of(partner) if partner is not None else None)
        )
        if partner is not None:
            return tokens.index(partner, position + 1)
    elif token.startswith("_"):
        after_bars = previous is not None and previous.type == "BARS_CLOSE"
        sentence.fail(UnexpectedText(span=span_of(token), text=str(token), reason="norm" if after_bars else "underscore"))
    else:
        span = span_of(token)
        module = (
            previous is not None and token[1:2].isalpha() and previous in ("np", "jnp", "numpy", "torch", "tf", "scipy", "math")
        )
        if module and previous is not None:
            span = Span(previous.start_pos or 0, span.end)
        sentence.fail(ForeignOperator(span=span, written=(str(previous) if module else "") + str(token)))
    return position


def _joined(tokens: list[Token], position: int) -> str | None:
    """The operator of several tokens that begins here."""
    text, end = "", span_of(tokens[position]).start
    for token in tokens[position : position + 3]:
        if token.start_pos != end:
            break
        text, end = text + str(token), span_of(token).end
    return next((operator for operator in _SEVERAL_TOKENS if text.startswith(operator)), None)


def check_name(sentence: Sentence, token: Token) -> None:
    """The name of a declaration or definition must be free."""
    if token in NAMES or token in RESERVED or (token in SPECIAL_CALLS and token not in CALLED_BY_PAIR):
        sentence.fail(ReservedName(span=span_of(token), reserved=str(token)))
