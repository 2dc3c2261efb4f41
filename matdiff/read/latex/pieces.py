"""Tokens in the making, which marks they are made of, and what the whole text says of its letters."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from matdiff.read.lalr import Token

SIGNS = {
    "+": "PLUS", "-": "MINUS", "−": "MINUS", "–": "MINUS", "*": "PRODUCT", "·": "DOT", "⋅": "DOT", "/": "SLASH",
    "×": "TIMES", "⊙": "HADAMARD", "∘": "HADAMARD", "⊗": "KRONECKER", "⊘": "DOT_SLASH", ":": "COLON", ",": "COMMA",
    "\\cdot": "DOT", "\\cdotp": "DOT", "\\bullet": "DOT", "\\ast": "PRODUCT", "\\times": "TIMES", "\\odot": "HADAMARD", "\\circ": "HADAMARD",
    "\\otimes": "KRONECKER", "\\oslash": "DOT_SLASH", "\\div": "SLASH", "\\colon": "COLON",
}  # fmt: skip
TRANSPOSES = frozenset(("T", "\\top", "⊤", "\\intercal", "\\transpose", "\\prime", "'"))


def transpose_in(script: Sequence[str]) -> str:
    """`T` or `-T` where a script is a transpose or an inverse transpose and nothing else, else nothing."""
    sign, last = list(script[:-1]), script[-1] if script else ""
    return "".join([*sign, "T"]) if last in TRANSPOSES and sign in ([], ["-"]) else ""


# Of what is real the adjoint is the transpose.
ADJOINTS = frozenset(("H", "\\dagger", "\\dag"))
POSTFIX = frozenset("ᵀ⊤'′’")
# What a subscript makes of a norm; the plain one is that of Euclid and Frobenius.
NORMS = {
    "": "norm", "2": "norm2", "F": "norm", "1": "norm1", "\\infty": "maxnorm", "*": "nucnorm", "\\ast": "nucnorm",
    "2,1": "rows", "fro": "norm", "Fro": "norm",
}  # fmt: skip
# What binds an index and is not read.
INDEXED = frozenset("arg int iint oint lim sup inf bigcup bigoplus bigotimes limsup liminf argmin argmax coprod".split())
ENDS = frozenset(
    "NAME NUMBER CONSTANT RPAR TRANSPOSE INVERSE_TRANSPOSE RBRACE NORM_CLOSE BAR_CLOSE ANGLE_CLOSE MATRIX_CLOSE".split()
)
CLOSING = {
    "LPAR": "RPAR", "LBRACE": "RBRACE", "NORM_OPEN": "NORM_CLOSE", "BAR_OPEN": "BAR_CLOSE", "ANGLE_OPEN": "ANGLE_CLOSE",
    "MATRIX_OPEN": "MATRIX_CLOSE",
}  # fmt: skip


class Piece:
    """A token in the making; `style` is the type that a name is set in."""

    __slots__ = ("end", "start", "style", "text", "type")

    def __init__(self, type: str, text: str, start: int, end: int, style: str = "") -> None:
        self.type, self.text, self.start, self.end, self.style = type, text, start, end, style

    def token(self, names: Mapping[tuple[str, str], str]) -> Token:
        """The token; a name as it is called in `names`."""
        token = Token(names.get((self.text, self.style), self.text) if self.type == "NAME" else self.text)
        token.type, token.start_pos, token.end_pos = self.type, self.start, self.end
        return token


# Letters that papers use for functions.
FUNCTION_LETTERS = frozenset(("sigma", "phi", "psi", "Phi", "Psi", "f", "g", "h"))


class Known:
    """What the whole text says of its letters.

    functions   names that the text defines with arguments, `f(x) = ...`, and these arguments
    names       letters that stand for a value somewhere
    called      letters that usually are functions and stand only right before brackets
    """

    def __init__(self, functions: Mapping[str, str], names: Collection[str], called: Collection[str]) -> None:
        self.functions, self.names, self.called = functions, names, called
