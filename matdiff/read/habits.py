"""What people write beside the plain language, turned into its tokens: `log det S`, `|A|`, `<x, y>`, `1^T x`, `e^x`, `x^H`, `I_n`.

Every change that says more than the text does is a remark.  What is no product although it could be read as one is refused: an
unspecified function `K(theta)`, a sum over an index `sum_i`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from matdiff.functions import NAMES
from matdiff.language.errors import IndexSum, NotationRead
from matdiff.language.syntax import Span
from matdiff.read.review import unspecified
from matdiff.read.split import CLOSERS, OPENERS, TERM_ENDS, Sentence, end_of_atom, made
from matdiff.read.sums.einsum import einsums
from matdiff.read.sums.heads import HEADS, heads, of_indices, refuse
from matdiff.read.tokens import normal_name

if TYPE_CHECKING:
    from collections.abc import Collection

    from matdiff.read.lalr import Token

# Functions that books write with a capital letter.
_CAPITAL = frozenset(("Tr", "Trace", "Det", "Log", "Exp", "Ln"))
_TERM_STARTS = ("NAME", "SUM_OVER", "EINSUM", "NUMBER", "LPAR", "LSQB", "BARS_OPEN", "MODULUS_OPEN", "ANGLE_OPEN", "CONSTANT")
_ENDS = ("COMMA", "COLON", "EQUALS", "SEMICOLON", "WRT")
_SIGNS = ("PLUS", "MINUS")
_RAISING = ("CARET", "DOT_CARET")


def plain(sentence: Sentence, text: str, declared: Collection[str]) -> None:
    """The tokens of the plain language, and remarks or errors, in the sentence; `declared` are names that are nothing else."""
    start = 2 if sentence.is_definition else 0
    tokens = sentence.tokens
    if "einsum" in text:
        tokens[start:] = einsums(tokens[start:], text)
    if "{" in text:
        tokens[start:] = with_subscripts(tokens[start:], sentence)
    if sentence.broken:
        return
    if any(mark in text for mark in HEADS):
        for change in (_bars, _angles):
            tokens[start:] = change(tokens[start:], declared, sentence, text)
        tokens[start:] = _sums(tokens[start:], declared, sentence)
    if sentence.broken or unspecified(sentence, tokens[start:], declared):
        return
    if not _is_plain(tokens):
        body = tokens[start:]
        for change in (_braces, _quotes, _raised_norms, _names, _transposes, _bars, _angles, _solves, _ones):
            body = change(body, declared, sentence, text)
        tokens[start:] = body
    bases = _logarithms(tokens, declared)
    tokens[start:] = _arguments(tokens[start:], sentence, text)
    if bases:
        tokens[start:] = _divided_by_logs(tokens[start:], bases, sentence)


def _is_plain(tokens: list[Token]) -> bool:
    """Whether nothing here can change, as in most texts."""
    return all(
        token.type not in ("FOREIGN", "UNKNOWN", "NUMBER") and len(token) == 1 and token not in ("e", "H") for token in tokens
    )


def _note(sentence: Sentence, start: int, end: int, meant: str) -> None:
    sentence.remarks.append(NotationRead(span=Span(start, end), meant=meant))


def _is_function(token: Token) -> bool:
    return token.type == "NAME" and normal_name(token) in NAMES


def _ends_term(token: Token | None) -> bool:
    return token is not None and token.type in TERM_ENDS and not _is_function(token)


# Sums over an index


def with_subscripts(tokens: list[Token], sentence: Sentence) -> list[Token]:
    """`r_{ij}` and `x_{i,j}` as the names r_ij and x_ij; `x_{i+1}` is refused."""
    result: list[Token] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        place += 1
        if token.type == "NAME" and token.endswith("_") and token not in HEADS and tokens[place : place + 1] == ["{"]:
            end = next((later for later in range(place, len(tokens)) if tokens[later] == "}"), None)
            inside = tokens[place + 1 : end]
            if end is not None and inside and all(part.type in ("NAME", "NUMBER", "COMMA") for part in inside):
                letters = "".join(part for part in inside if part.type != "COMMA")
                token, place = made(token, "NAME", token + letters, token.start_pos, tokens[end].end_pos), end + 1
            elif end is not None:
                span = Span(token.start_pos, tokens[end].end_pos)
                sentence.fail(IndexSum(span=span, written=str(token), problem="subscript"))
                break
        result.append(token)
    return result


def _sums(tokens: list[Token], declared: Collection[str], sentence: Sentence) -> list[Token]:
    """`sum_i a_i b`: the head is one token, and brackets stand around the product that follows; the last sum first."""
    found = list(heads(tokens, declared))
    sets = {name for _, head in found if head is not None for index in head.indices for _, _, name in [index.partition("∈")]}
    for place, head in reversed(found):
        if head is None or head.end >= len(tokens):
            refuse(sentence, tokens[place])
            return tokens
        end = _end_of_product(tokens, head.end)
        start, behind = tokens[head.end].start_pos, tokens[end - 1].end_pos
        text = " ".join([head.kind, *(f"{index}={upper}" for index, upper in head.indices.items())])
        tokens = [
            *tokens[:place],
            made(tokens[place], "SUM_OVER", text, tokens[place].start_pos, tokens[head.end - 1].end_pos),
            made(tokens[place], "LPAR", "(", start, start),
            *tokens[head.end : end],
            made(tokens[place], "RPAR", ")", behind, behind),
            *tokens[end:],
        ]
    return of_indices(tokens, sets)


# Single tokens


def _braces(tokens: list[Token], declared: Collection[str], sentence: Sentence, text: str) -> list[Token]:
    """`X^{-1}`: braces around an exponent are brackets."""
    opened = False
    for place, token in enumerate(tokens):
        if token == "{" and place and tokens[place - 1].type in _RAISING and "}" in tokens[place:]:
            opened = True
            tokens[place] = made(token, "LPAR", "(", token.start_pos, token.end_pos)
        elif token == "}" and opened:
            opened = False
            tokens[place] = made(token, "RPAR", ")", token.start_pos, token.end_pos)
    return tokens


def _quotes(tokens: list[Token], declared: Collection[str], sentence: Sentence, text: str) -> list[Token]:
    """`norm(A, 'fro')`: a word in quotes behind a comma, the last argument."""
    result: list[Token] = []
    place = 0
    while place < len(tokens):
        opening, *word = tokens[place : place + 4]
        is_quoted = len(word) == 3 and opening in ("'", '"') and word[0].type == "NAME" and (word[1], word[2]) == (opening, ")")
        is_quoted = is_quoted and bool(result) and result[-1].type == "COMMA"
        result.append(word[0] if is_quoted else opening)
        place += 3 if is_quoted else 1
    return result


def _raised_norms(tokens: list[Token], declared: Collection[str], sentence: Sentence, text: str) -> list[Token]:
    """`||X||^2_F`, `||x||^2_{2}` and `||x||^p_p`: what stands behind the power belongs to the bars."""
    result: list[Token] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        place += 1
        if token == "_" and tokens[place : place + 1] == ["∞"] and result and result[-1].type == "BARS_CLOSE":
            norm = result[-1]
            result[-1] = made(norm, "BARS_CLOSE", f"{norm}_inf", norm.start_pos, norm.end_pos)
            place += 1
            continue
        bars = _raised_bars(result, token)
        exponent, _, subscript = token.partition("_")
        if token == "_" and tokens[place : place + 1] == ["{"] and tokens[place + 2 : place + 3] == ["}"]:
            subscript, place = tokens[place + 1], place + (3 if bars is not None else 0)
        if bars is None or not subscript or token in declared:
            result.append(token)
            continue
        norm = result[bars]
        result[bars] = made(norm, "BARS_CLOSE", f"{norm}_{subscript}", norm.start_pos, norm.end_pos)
        if exponent:
            result.append(made(token, "NAME", exponent, token.start_pos, token.start_pos + len(exponent)))
    return result


def _raised_bars(before: list[Token], token: Token) -> int | None:
    """The place of the bars without a subscript to whose power this token belongs: a name as its exponent, or what follows it."""
    types = [one.type for one in before[-3:]]
    if token.type == "FOREIGN" and types[-2:] == ["BARS_CLOSE", "SUPERSCRIPT"]:
        place = len(before) - 2
    elif token.type == "FOREIGN" and types == ["BARS_CLOSE", "CARET", "NUMBER"]:
        place = len(before) - 3
    elif token.type == "NAME" and types[-2:] == ["BARS_CLOSE", "CARET"]:
        place = len(before) - 2
    else:
        return None
    return place if len(before[place]) < len("||_") and before[-1].end_pos == token.start_pos else None


def _names(tokens: list[Token], declared: Collection[str], sentence: Sentence, text: str) -> list[Token]:
    """`Tr`, `I_n`, and `e` where it is only raised to powers."""
    places = [place for place, token in enumerate(tokens) if token == "e"]
    raised = [place + 1 < len(tokens) and tokens[place + 1].type == "CARET" for place in places]
    transposed = [place + 2 < len(tokens) and tokens[place + 2] in ("T", "H") for place in places]
    is_euler = "e" not in declared and all(raised) and not any(transposed)
    result: list[Token] = []
    for place, token in enumerate(tokens):
        following = tokens[place + 1] if place + 1 < len(tokens) else None
        start, end = token.start_pos, token.end_pos
        if token == "e" and is_euler:
            token.type = "EULER"
        elif token in _CAPITAL and token not in declared and following is not None and following.type in _TERM_STARTS:
            token = made(token, "NAME", token.lower(), start, end)
        elif token.type == "NAME" and re.fullmatch(r"I_[a-z0-9]\w*", token) and token not in declared:
            size = token[2:]
            result += [made(token, "NAME", "eye", start, start + 1), made(token, "LPAR", "(", start + 1, start + 2)]
            result.append(made(token, "NUMBER" if size.isdigit() else "NAME", size, start + 2, end))
            token = made(token, "RPAR", ")", end, end)
        result.append(token)
    return result


def _transposes(tokens: list[Token], declared: Collection[str], sentence: Sentence, text: str) -> list[Token]:
    """`x^H` of a real x, where H is no name of the text."""
    raised = [place for place, token in enumerate(tokens) if token == "H" and place and tokens[place - 1].type == "CARET"]
    if not raised or "H" in declared or len(raised) < sum(token == "H" for token in tokens):
        return tokens
    for place in raised:
        token = tokens[place]
        _note(sentence, tokens[place - 1].start_pos, token.end_pos, "^T, since everything is real")
        tokens[place] = made(token, "NAME", "T", token.start_pos, token.end_pos)
    return tokens


def _bars(tokens: list[Token], declared: Collection[str], sentence: Sentence, text: str) -> list[Token]:
    """`|A|`: pairs of single bars."""
    opened: list[int] = []
    pairs: list[tuple[int, int]] = []
    for place, token in enumerate(tokens):
        if token != "|":
            continue
        if opened and _ends_term(tokens[place - 1]):
            pairs.append((opened.pop(), place))
        else:
            opened.append(place)
    is_norm = any(tokens[last + 1 : last + 2] and tokens[last + 1].startswith("_") for _, last in pairs)
    for first, last in pairs if not opened and not is_norm else ():
        tokens[first].type, tokens[last].type = "MODULUS_OPEN", "MODULUS_CLOSE"
    return tokens


def _angles(tokens: list[Token], declared: Collection[str], sentence: Sentence, text: str) -> list[Token]:
    """`<A, B>`: angles around two terms."""
    for place, token in enumerate(tokens):
        if token not in ("<", "⟨"):
            continue
        depth, commas = 0, 0
        for later in range(place + 1, len(tokens)):
            other = tokens[later]
            depth += (other.type in OPENERS) - (other.type in CLOSERS)
            commas += other.type == "COMMA" and depth == 0
            if other in (">", "⟩") and depth == 0:
                if commas == 1:
                    token.type, other.type = "ANGLE_OPEN", "ANGLE_CLOSE"
                break
    return tokens


def _solves(tokens: list[Token], declared: Collection[str], sentence: Sentence, text: str) -> list[Token]:
    r"""`A \ b` and `A\b`."""
    result: list[Token] = []
    for place, token in enumerate(tokens):
        before = tokens[place - 1] if place else None
        following = tokens[place + 1] if place + 1 < len(tokens) else None
        start, end = token.start_pos, token.end_pos
        if not token.startswith("\\") or len(token) > 2 or not _ends_term(before):
            result.append(token)
        elif len(token) == 2:
            result += [made(token, "SOLVE", "\\", start, start + 1), made(token, "NAME", token[1:], start + 1, end)]
        elif following is not None and following.type in _TERM_STARTS:
            result.append(made(token, "SOLVE", "\\", start, end))
        else:
            result.append(token)
    return result


# The vector of ones


def _ones(tokens: list[Token], declared: Collection[str], sentence: Sentence, text: str) -> list[Token]:
    """`1^T x`, `1 1^T`, `1 g'`, `A 1`: a factor 1 that nobody would write for the number."""
    found = [place for place, token in enumerate(tokens) if token == "1" and token.type == "NUMBER" and _is_ones(tokens, place)]
    for place in found:
        token = tokens[place]
        tokens[place] = made(token, "NAME", "ones", token.start_pos, token.end_pos)
    if found:
        first = tokens[found[0]]
        _note(sentence, first.start_pos, first.end_pos, "the vector of ones")
    return tokens


def _is_ones(tokens: list[Token], place: int) -> bool:
    before = tokens[place - 1] if place else None
    is_exponent = place > 1 and before is not None and before.type in _SIGNS and tokens[place - 2].type in _RAISING
    if is_exponent or (before is not None and before.type in (*_RAISING, "SLASH", "DOT_SLASH")):
        return False
    if (
        place + 2 < len(tokens)
        and tokens[place + 2].type == "NUMBER"
        and tokens[place + 2].start_pos == tokens[place + 1].end_pos
    ):
        return False  # 1'000
    if _is_transposed(tokens, place + 1):
        return True
    following = tokens[place + 1] if place + 1 < len(tokens) else None
    if following is not None and following.type in ("NAME", "NUMBER", "LPAR"):
        return _is_transposed(tokens, end_of_atom(tokens, place + 1))
    is_behind = before is not None and _ends_term(before) and before.type != "NUMBER"
    return is_behind and (following is None or following.type in (*_SIGNS, *_ENDS, *CLOSERS, "MODULUS_CLOSE"))


def _is_transposed(tokens: list[Token], place: int) -> bool:
    """Whether a transpose begins here."""
    if place >= len(tokens):
        return False
    if tokens[place].type == "TRANSPOSE":
        return True
    return tokens[place].type == "CARET" and place + 1 < len(tokens) and tokens[place + 1] in ("T", "⊤")


# Functions without parentheses


def _arguments(tokens: list[Token], sentence: Sentence, text: str) -> list[Token]:
    """`log det S`: a function takes the product that follows; the last one first, so that its brackets stand in those of others."""
    outermost: list[tuple[int, int]] = []
    for place in range(len(tokens) - 2, -1, -1):
        token, following = tokens[place], tokens[place + 1]
        if not _is_function(token) or following.type == "LPAR" or following.type not in _TERM_STARTS:
            continue
        if place and tokens[place - 1].type in _RAISING:
            continue
        end = _end_of_product(tokens, place + 1)
        position = following.start_pos
        closed = tokens[end - 1].end_pos
        outermost = [one for one in outermost if one[0] > closed] + [(token.start_pos, closed)]
        tokens = [
            *tokens[: place + 1],
            made(token, "LPAR", "(", position, position),
            *tokens[place + 1 : end],
            made(token, "RPAR", ")", closed, closed),
            *tokens[end:],
        ]
    for start, end in reversed(outermost):
        first = next(place for place, token in enumerate(tokens) if token.start_pos == start and token.type == "NAME")
        _note(sentence, start, end, _spelled(tokens[first : end_of_atom(tokens, first)], text))
    return tokens


def _logarithms(tokens: list[Token], declared: Collection[str]) -> dict[int, str]:
    """`log2 x`, `log10(x)`: these functions, as `log` from now on, by the identity of their tokens, and their bases."""
    found: dict[int, str] = {}
    for place, token in enumerate(tokens):
        following = tokens[place + 1] if place + 1 < len(tokens) else None
        written = re.fullmatch(r"log_?(2|10)", token) if token.type == "NAME" and token not in declared else None
        if written is not None and following is not None and following.type in _TERM_STARTS:
            tokens[place] = made(token, "NAME", "log", token.start_pos, token.end_pos)
            found[id(tokens[place])] = written[1]
    return found


def _divided_by_logs(tokens: list[Token], bases: dict[int, str], sentence: Sentence) -> list[Token]:
    """Each of these logarithms, divided by that of its base."""
    for place in range(len(tokens) - 2, -1, -1):
        token, base = tokens[place], bases.get(id(tokens[place]))
        end = end_of_atom(tokens, place)
        if base is None or end == place + 1:
            continue
        at, start = tokens[end - 1].end_pos, token.start_pos
        kinds = [("SLASH", "/"), ("NAME", "log"), ("LPAR", "("), ("NUMBER", base), ("RPAR", ")"), ("RPAR", ")")]
        below = [made(token, kind, written, at, at) for kind, written in kinds]
        tokens = [*tokens[:place], made(token, "LPAR", "(", start, start), *tokens[place:end], *below, *tokens[end:]]
        _note(sentence, start, at, f"the logarithm to the base {base}, log(...)/log({base})")
    return tokens


def _end_of_product(tokens: list[Token], place: int) -> int:
    depth = 0
    first = place
    while place < len(tokens):
        token = tokens[place]
        is_opener = token.type in OPENERS or token.type in ("MODULUS_OPEN", "ANGLE_OPEN")
        is_closer = token.type in CLOSERS or token.type in ("MODULUS_CLOSE", "ANGLE_CLOSE")
        if depth == 0:
            is_sign = token.type in _SIGNS and place > first and _ends_term(tokens[place - 1])
            if is_sign or is_closer or token.type in _ENDS or token == "wrt" or token.type in ("FOREIGN", "UNKNOWN"):
                break
        depth += is_opener - is_closer
        place += 1
    return place


def _spelled(tokens: list[Token], text: str) -> str:
    """The tokens with the blanks of the text, but none in front of a bracket that was put in; brackets of sums around are left out."""
    parts, depth, last = [str(tokens[0])], 0, tokens[0]
    for token in tokens[1:]:
        depth += (token == "(") - (token == ")")
        if depth < 0:
            break
        is_new = token == "(" and token.start_pos == token.end_pos
        written = text[token.start_pos : token.end_pos] if token.type == "SUM_OVER" else str(token)
        parts.append(("" if is_new else text[last.end_pos : token.start_pos]) + written)
        last = token
    return "".join(parts)
