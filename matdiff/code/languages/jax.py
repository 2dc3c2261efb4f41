"""JAX: runs unchanged under `jit`, `vmap` and sharding, on one device or many, in the precision that JAX is set to."""

from __future__ import annotations

from matdiff.code.language import infix
from matdiff.code.languages.python import FUNCTIONS, HELPED, KEYWORDS, OPERATIONS, Python, helpers
from matdiff.code.plan import Node
from matdiff.code.spelling import Spelling

_LIBRARY = {
    "NP": "jnp",
    "LINALG": "jax.scipy.linalg",
    "EXPM": "jax.scipy.linalg.expm",
    "EYE": "jnp.eye(len(x), dtype=x.dtype)",
    "BLOCK": "jnp.block",
    "ZEROS": "jnp.zeros_like(x)",
}


def _product(node: Node) -> Spelling:
    """`v @ X` for `X.T @ v`: the compiler reads X in the order in which it lies."""
    left, right = node.parts
    if left.op == "transpose" and len(right.shape) == 1:
        return infix("{0} @ {1}")._replace(parts=(right, left.parts[0]))
    return infix("{0} @ {1}")


class JAX(Python):
    """Vectors are one-dimensional arrays."""

    always = ("import jax.numpy as jnp",)
    imports = (("import jax", "jax."), ("import jax.scipy.linalg", "jax.scipy.linalg."))
    reserved = KEYWORDS | {"jax", "jnp", "float"}
    traits = ("broadcast", "cholesky", "lu", "matrices", "repeats")
    operations = {
        **OPERATIONS,
        "product": _product,
        "einsum": 'jnp.einsum("LETTERS", PARTS)',
    }
    library = _LIBRARY
    functions = {
        **HELPED,
        **FUNCTIONS,
        "sigmoid": "jax.nn.sigmoid({0})",
        "softplus": "jax.nn.softplus({0})",
        "logsigmoid": "jax.nn.log_sigmoid({0})",
        "erf": "jax.scipy.special.erf({0})",
        "gelu": "jax.nn.gelu({0}, approximate=False)",
        "softmax": "jax.nn.softmax({0})",
        "logsumexp": "jax.nn.logsumexp({0})",
        "softmax rows": "jax.nn.softmax({0}, axis=-1)",
        "logsumexp rows": "jax.nn.logsumexp({0}, axis=-1)",
        "nucnorm": 'jnp.linalg.norm({0}, "nuc")',
        "expm": "jax.scipy.linalg.expm({0})",
    }
    helpers = {
        "_sqrtm": '''def _sqrtm(x):
    """The principal square root, by Denman and Beavers' iteration (Higham 2008, eq. 6.15)."""

    def step(_, pair):
        y, z = pair
        return (y + jnp.linalg.inv(z)) / 2, (z + jnp.linalg.inv(y)) / 2

    return jax.lax.fori_loop(0, 25, step, (x, jnp.eye(len(x), dtype=x.dtype)))[0]''',
        **helpers("_logm", _LIBRARY),
        "_argmax": '''def _argmax(x):
    """1 at the first largest entry, else 0."""
    return jax.nn.one_hot(jnp.argmax(x), x.size, dtype=x.dtype).reshape(x.shape)''',
        "_argmax_rows": '''def _argmax_rows(x):
    """1 at the first largest entry of every row, else 0."""
    return jax.nn.one_hot(jnp.argmax(x, axis=-1), x.shape[-1], dtype=x.dtype)''',
        "_adj": '''def _adj(x):
    """The adjugate, from the singular values, so that x may be singular."""
    u, s, vt = jnp.linalg.svd(x)
    others = jnp.prod(jnp.where(jnp.eye(len(x), dtype=bool), 1, s), axis=1)
    return jnp.linalg.det(u) * jnp.linalg.det(vt) * (vt.T * others) @ u.T''',
        **helpers("_powm", _LIBRARY),
        "_dadj": '''def _dadj(x, e):
    """The derivative of the adjugate at x in the direction e, for singular x too."""
    u, s, vt = jnp.linalg.svd(x)
    one = jnp.eye(len(x), dtype=bool)
    others = jnp.prod(jnp.where(one[:, None, :] | one[None, :, :], 1, s), axis=2)
    others = jnp.where(one, 0, others)
    inner = u.T @ e @ vt.T
    turned = jnp.diag(others @ jnp.diag(inner)) - others * inner
    return jnp.linalg.det(u) * jnp.linalg.det(vt) * vt.T @ turned @ u.T''',
        **helpers("_d2adj _eigproj _frechet _frechet2", _LIBRARY),
        "_slope": '''def _slope(d, n):
    """d(e) for every unit matrix e of size n as direction, with its two axes last."""
    units = jnp.eye(n * n).reshape(n * n, n, n)
    return jax.vmap(d, out_axes=-1)(units).reshape(n, n, n, n)''',
        "_slope2": '''def _slope2(d, n):
    """d(e, g) for all unit matrices e and g of size n as directions, with their axes last."""
    units = jnp.eye(n * n).reshape(n * n, n, n)
    rows = jax.vmap(lambda e: jax.vmap(lambda g: d(e, g), out_axes=-1)(units), out_axes=-2)
    return rows(units).reshape(n, n, n, n, n, n)''',
    }
