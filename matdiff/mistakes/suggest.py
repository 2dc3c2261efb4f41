"""Did you mean: near spellings by string distance, and the spellings of other systems, which string distance cannot find."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from matdiff.functions import FUNCTIONS, NAMES
from matdiff.read.tokens import SPECIAL_CALLS

# What NumPy, MATLAB, Python, TeX and papers call these functions.  An entry is used only if the function exists.
_ELSEWHERE = {
    "trc": "tr", "Tr": "tr", "spur": "tr", "determinant": "det", "inverse": "inv", "log_det": "logdet",
    "lndet": "logdet", "logabsdet": "logdet", "expit": "sigmoid", "log_sigmoid": "logsigmoid",
    "logsig": "logsigmoid", "log_sum_exp": "logsumexp", "signum": "sign", "fabs": "abs",
    "absolute": "abs", "average": "mean", "total": "sum", "size": "numel", "identity": "eye", "vectorize": "vec", "ravel": "vec",
    "flatten": "vec", "adjugate": "adj", "pseudoinverse": "pinv", "frobenius": "norm", "fro": "norm", "amax": "max",
    "amin": "min",
    "ctranspose": "transpose", "expmat": "expm",
}  # fmt: skip


def functions() -> list[str]:
    """Everything that can be called."""
    return [*NAMES, *(name for name in SPECIAL_CALLS if len(name) > 1)]


def elsewhere(written: str) -> str | None:
    """Our function that is called so in another language, in whatever case: Tr, Inverse."""
    known = functions()
    found = _ELSEWHERE.get(written) or _ELSEWHERE.get(written.lower()) or written.lower()
    return found if found in known and found != written else None


def near_function(written: str, arguments: int | None = None) -> str | None:
    """The function that was probably meant, one of so many arguments if that is known and there is one."""
    fitting = [name for name in functions() if arguments is None or name not in FUNCTIONS or FUNCTIONS[name].arity == arguments]
    return elsewhere(written) or near(written, fitting) or near(written, functions())


def near(written: str, names: Iterable[str]) -> str | None:
    """The closest name, if one is close: the same but for case, else by string distance."""
    choices = list(names)
    for name in choices:
        if name.lower() == written.lower() and name != written:
            return name
    from difflib import SequenceMatcher, get_close_matches
    from itertools import takewhile

    def closeness(name: str) -> tuple[bool, float, int]:
        """How close it is: the same letters in another order first; of equally close ones that which begins in the same way."""
        begins = takewhile(lambda pair: pair[0] == pair[1], zip(name, written))
        return sorted(name) == sorted(written), SequenceMatcher(None, name, written).ratio(), len(list(begins))

    return max(get_close_matches(written, choices, 5, 0.6), key=closeness, default=None)


def either(words: Sequence[str]) -> str:
    """`a, b or c`"""
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else "".join(words)
