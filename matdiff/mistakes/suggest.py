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

# A name is near another from here on: one letter of three may differ.
_CLOSE = 0.65
_BY_OPTION = "the derivative is asked for by an option: --wrt x"
_EIGENVALUES = "of eigenvalues there are eigmax(A) and eigmin(A) of a symmetric A, tr(A) their sum and det(A) their product"
_SINGULAR_VALUES = "of singular values there are norm2(X), the largest, and nucnorm(X), their sum"
# What is no function here, and what there is instead.
NOT_HERE = {
    **dict.fromkeys(("grad", "gradient", "diff", "jacobian", "derivative", "D", "nabla"), _BY_OPTION),
    "hessian": "the second derivative is asked for by an option: --wrt x --hessian",
    **dict.fromkeys(("eig", "eigs", "eigvals", "eigenvalues", "eigh", "eigvalsh", "spectral_radius"), _EIGENVALUES),
    **dict.fromkeys(("svd", "svdvals", "singular_values"), _SINGULAR_VALUES),
    "cov": "of the rows of X it is written C = X - ones (ones^T X / rows(X)); C^T C / (rows(X) - 1)",
    "var": "of a vector it is written mean((x - mean(x)).^2)",
    "std": "of a vector it is written sqrt(mean((x - mean(x)).^2))",
    "rank": "it is a whole number, so its derivative is 0 wherever there is one",
    "conv": "it is linear in each argument: T x with a matrix T of the other one's entries",
    **dict.fromkeys(("chol", "cholesky"), "it is not differentiated here; log(det(A)) and A^-1 b do not need it"),
    **dict.fromkeys(
        ("lyap", "dlyap"),
        "it solves a linear equation: vec(X) = -inv(kron(I, A) + kron(A, I)) vec(Q)",
    ),
    "cross": "it is linear in each argument: K b with K = [0, -a[3], a[2]; a[3], 0, -a[1]; -a[2], a[1], 0]",
    "cond": "it is written norm2(A) norm2(inv(A))",
}


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

    return max(get_close_matches(written, choices, 5, _CLOSE), key=closeness, default=None)


def either(words: Sequence[str]) -> str:
    """`a, b or c`"""
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else "".join(words)
