"""What other languages write, and the same in ours: a row for each call, and the few words that are no calls.

F and G are any arguments; what else stands on the left must be there.  The first row that fits holds; without one a call stays what it is.
"""

from __future__ import annotations

import re

ROWS = """
t(F)                      F^T
crossprod(F)              F^T F
crossprod(F, G)           F^T G
tcrossprod(F)             F F^T
tcrossprod(F, G)          F G^T
solve(F)                  inv(F)
solve(F, G)               inv(F) G
ginv(F)                   pinv(F)
kronecker(F, G)           kron(F, G)
rowSums(F)                F ones
colSums(F)                F^T ones
rowMeans(F)               F ones / cols(F)
colMeans(F)               F^T ones / rows(F)
nrow(F)                   rows(F)
ncol(F)                   cols(F)
norm(F, "F")              norm(F)
norm(F, "2")              norm2(F)
Norm(F)                   norm2(F)
Norm(F, "Frobenius")      norm(F)
Norm(F, 1)                norm1(F)
PseudoInverse(F)          pinv(F)
KroneckerProduct(F, G)    kron(F, G)
sum(F, 1)                 F^T ones
sum(F, 2)                 F ones
mean(F, 1)                F^T ones / rows(F)
mean(F, 2)                F ones / cols(F)
norm(F, "fro")            norm(F)
norm(F, Inf)              maxnorm(F)
size(F, 1)                rows(F)
size(F, 2)                cols(F)
length(F)                 rows(F)
len(F)                    rows(F)
abs2(F)                   F .^ 2
sum(abs2, F)              sum(F .^ 2)
opnorm(F)                 norm2(F)
maximum(F, G)             max(F, G)
minimum(F, G)             min(F, G)
"""
# The product of two matrices as a call.
PRODUCTS = ("Dot", "dot")
# Calls of R, where `*`, `/` and `^` act on every entry, and functions that are others there: its norm(X) is the largest column sum.
OF_R = ("t", "solve", "crossprod", "tcrossprod", "ginv", "rowSums", "colSums", "rowMeans", "colMeans", "nrow", "ncol")
OTHERS_IN_R = ("norm",)
# Calls that ask for a derivative: what the option is, with the name of the variable.
DERIVATIVES = {
    **dict.fromkeys(("diff", "grad", "D", "Grad", "gradient", "jacobian", "derivative"), "--wrt {}"),
    "hessian": "--wrt {} --hessian",
}  # fmt: skip

_CALL = re.compile(r"(\w+)\((.*?)\) {2,}(.*)")


def _rows() -> dict[tuple[str, int], list[tuple[list[str], str]]]:
    found: dict[tuple[str, int], list[tuple[list[str], str]]] = {}
    for name, arguments, ours in _CALL.findall(ROWS):
        pattern = arguments.split(", ")
        found.setdefault((name, len(pattern)), []).append((pattern, ours))
    return found


# By name and number of arguments: the arguments and what the call is here.
CALLS = _rows()
CALLED = frozenset(name for name, _ in CALLS) | frozenset(PRODUCTS)
