r"""What other languages write, and the same in ours: a row for each habit.

On the left stands what is typed, on the right what it means here.  X and Y are matrices, x and y vectors (columns), F and G anything.
`np.` stands for any library and for a method: `np.sum(X, axis=0)` is X.sum(axis=0) and torch.sum(X, dim=0) too.  A call fits a row only
if all its arguments do; what fits no row and is no function of ours with as many arguments has no translation.  The first row that fits
holds.
"""

from __future__ import annotations

# Modules whose functions are looked for by their last name.
LIBRARIES = (
    "np", "numpy", "jnp", "jax", "torch", "tf", "math", "scipy", "sp", "cp", "sc", "LA", "linalg", "nn", "functional", "special",
)  # fmt: skip
# What a module named F is taken for.
OF_TORCH_F = ("relu", "gelu", "softplus", "logsigmoid", "sigmoid", "tanh", "softmax", "log_softmax")
# Keywords of the same meaning.
KEYWORDS = {"dim": "axis", "type": "ord", "keepdim": "keepdims"}

PYTHON = """
np.dot(x, y)                      x^T y
np.dot(x, X)                      X^T x
np.dot(F, G)                      F G
np.matmul(x, y)                   x^T y
np.matmul(x, X)                   X^T x
np.matmul(F, G)                   F G
np.matmul(X, Y, transpose_a=True) X^T Y
np.matmul(X, Y, transpose_b=True) X Y^T
np.mm(X, Y)                       X Y
np.mv(X, x)                       X x
np.inner(x, y)                    x^T y
np.inner(X, Y)                    X Y^T
np.inner(X, x)                    X x
np.vdot(x, y)                     x^T y
np.vdot(X, Y)                     X : Y
np.outer(x, y)                    x y^T
np.multi_dot([F, G])              F G
np.array(F)                       F
np.multiply(F, G)                 F .* G
np.mul(F, G)                      F .* G
np.divide(F, G)                   F ./ G
np.div(F, G)                      F ./ G
np.add(F, G)                      F + G
np.subtract(F, G)                 F - G
np.sub(F, G)                      F - G
np.negative(F)                    -F
np.square(F)                      F .^ 2
np.power(F, G)                    F .^ G
np.pow(F, G)                      F .^ G
np.reciprocal(F)                  1 ./ F
np.matrix_power(X, F)             X^F
np.T(F)                           F^T
np.t(F)                           F^T
F.T                               F^T
F.mT                              F^T
F.H                               F^T
X.I                               inv(X)
np.solve(X, F)                    inv(X) F
np.inverse(X)                     inv(X)
np.slogdet(X)[1]                  logdet(X)
np.slogdet(X).logabsdet           logdet(X)
np.log_softmax(x)                 log(softmax(x))
np.log_softmax(x, axis=0)         log(softmax(x))
np.log_softmax(x, axis=-1)        log(softmax(x))
np.softmax(x, axis=0)             softmax(x)
np.softmax(x, axis=-1)            softmax(x)
np.logsumexp(x, axis=0)           logsumexp(x)
np.norm(F, 'fro')                 norm(F)
np.norm(F, ord='fro')             norm(F)
np.norm(X, 'nuc')                 nucnorm(X)
np.norm(X, ord='nuc')             nucnorm(X)
np.norm(x, 1)                     norm1(x)
np.norm(x, ord=1)                 norm1(x)
np.norm(x, 2)                     norm(x)
np.norm(x, ord=2)                 norm(x)
np.norm(X, ord=2)                 norm2(X)
np.norm(x, np.inf)                maxnorm(x)
np.norm(x, ord=np.inf)            maxnorm(x)
np.norm(F, p=2)                   norm(F)
np.norm(F, p='fro')               norm(F)
np.norm(F, p=1)                   norm1(F)
np.sum(x, axis=0)                 sum(x)
np.sum(x, 0)                      sum(x)
np.sum(X, axis=0)                 X^T ones
np.sum(X, 0)                      X^T ones
np.sum(X, axis=1)                 X ones
np.sum(X, axis=-1)                X ones
np.sum(X, 1)                      X ones
np.sum(X, -1)                     X ones
np.mean(x, axis=0)                mean(x)
np.mean(X, axis=0)                X^T ones / rows(X)
np.mean(X, 0)                     X^T ones / rows(X)
np.mean(X, axis=1)                X ones / cols(X)
np.mean(X, 1)                     X ones / cols(X)
np.reduce_sum(F)                  sum(F)
np.reduce_mean(F)                 mean(F)
np.maximum(0, F)                  relu(F)
np.maximum(F, 0)                  relu(F)
np.minimum(0, F)                  -relu(-F)
np.minimum(F, 0)                  -relu(-F)
np.ravel(x)                       x
np.ravel(X)                       vec(X^T)
np.ravel(X, order='F')            vec(X)
np.flatten(x)                     x
np.flatten(X)                     vec(X^T)
np.flatten(X, order='F')          vec(X)
np.pi                             pi
np.e                              exp(1)
len(F)                            rows(F)
F.shape[0]                        rows(F)
F.shape[1]                        cols(F)
F.size                            numel(F)
np.eigvalsh(X)[-1]                eigmax(X)
np.eigvalsh(X)[0]                 eigmin(X)
np.einsum('i,i->', x, y)          x^T y
np.einsum('i,i', x, y)            x^T y
np.einsum('ij,ij->', X, Y)        X : Y
np.einsum('ij,j->i', X, x)        X x
np.einsum('ij,jk->ik', X, Y)      X Y
np.einsum('i,j->ij', x, y)        x y^T
np.einsum('ii->', X)              tr(X)
np.einsum('ii', X)                tr(X)
np.einsum('i,ij,j->', x, X, y)    x^T X y
"""

MATLAB = """
sum(x, 1)                         sum(x)
sum(X, 1)                         X^T ones
sum(X, 2)                         X ones
mean(X, 1)                        X^T ones / rows(X)
mean(X, 2)                        X ones / cols(X)
norm(x, inf)                      maxnorm(x)
norm(x, Inf)                      maxnorm(x)
norm(F, "fro")                    norm(F)
norm(X, 2)                        norm2(X)
max(0, F)                         relu(F)
max(F, 0)                         relu(F)
min(0, F)                         -relu(-F)
min(F, 0)                         -relu(-F)
mtimes(F, G)                      F G
times(F, G)                       F .* G
rdivide(F, G)                     F ./ G
mldivide(X, F)                    inv(X) F
mpower(X, F)                      X^F
ctranspose(F)                     F^T
sumsqr(F)                         sum(F .^ 2)
size(F, 1)                        rows(F)
size(F, 2)                        cols(F)
length(x)                         rows(x)
"""

R = """
t(F)                              F^T
crossprod(F)                      F^T F
crossprod(F, G)                   F^T G
tcrossprod(F)                     F F^T
tcrossprod(F, G)                  F G^T
solve(X)                          inv(X)
solve(X, F)                       inv(X) F
ginv(X)                           pinv(X)
kronecker(F, G)                   kron(F, G)
rowSums(X)                        X ones
colSums(X)                        X^T ones
rowMeans(X)                       X ones / cols(X)
colMeans(X)                       X^T ones / rows(X)
nrow(F)                           rows(F)
ncol(F)                           cols(F)
norm(F, "F")                      norm(F)
norm(F, ord="F")                  norm(F)
norm(X, "2")                      norm2(X)
"""

JULIA = """
abs2(F)                           F .^ 2
sum(abs2, F)                      sum(F .^ 2)
opnorm(X)                         norm2(X)
"""

TEX = """
log |X|                           log(det(X))
"""

MATHEMATICA = """
Norm(X)                           norm2(X)
Norm(X, "Frobenius")              norm(X)
Norm(x, 1)                        norm1(x)
Dot(F, G)                         F G
PseudoInverse(X)                  pinv(X)
KroneckerProduct(F, G)            kron(F, G)
Determinant(X)                    det(X)
"""

# Names of scalars where `lambda` is a word of the language.
SPELLINGS = dict.fromkeys(("lam", "lamb", "lambd", "lmbda"), "lambda")
# Signs of a language in which `*` and `**` act on every entry.
ENTRYWISE = ("t", "solve", "crossprod", "tcrossprod", "ginv", "rowSums", "colSums", "rowMeans", "colMeans", "nrow", "ncol")
# Functions of ours that are others in R: its norm(X) is the largest column sum.
OTHERS_IN_R = ("norm",)
# Calls that ask for a derivative: what the option is, with the name of the variable.
DERIVATIVES = {
    **dict.fromkeys(("diff", "grad", "D", "Grad", "gradient", "jacobian", "derivative"), "--wrt {}"),
    "hessian": "--wrt {} --hessian",
}  # fmt: skip


def rows_of(table: str) -> list[tuple[str, str]]:
    """The two columns of a table."""
    return [(row[:33].strip(), row[33:].strip()) for row in table.strip().splitlines()]


ROWS = [row for table in (PYTHON, MATLAB, R, JULIA, TEX, MATHEMATICA) for row in rows_of(table)]
