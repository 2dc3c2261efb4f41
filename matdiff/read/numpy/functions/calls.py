"""The functions of NumPy, SciPy, JAX and PyTorch: which of ours each is, by the name that it has there.

The last part of a name counts: `np.linalg.inv`, `jnp.linalg.inv` and `X.inverse()` are one row.  What a library means otherwise than the
others is told apart by `Call.library`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from difflib import get_close_matches

from matdiff.language.syntax import Expr
from matdiff.read.numpy.call import Call
from matdiff.read.numpy.functions import entries, losses, matrices, sums
from matdiff.read.numpy.value import MATRIX, NUMBER, Value

# Their spelling and ours, of what acts on every entry.
_EACH = {
    **{name: name for name in ("exp", "log", "log1p", "expm1", "sqrt", "abs", "sign", "sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{name: name for name in ("relu", "sigmoid", "softplus", "logsigmoid", "erf", "gelu")},
    "absolute": "abs", "fabs": "abs", "sgn": "sign", "arcsin": "asin", "asin": "asin", "arccos": "acos", "acos": "acos",
    "arctan": "atan", "atan": "atan", "expit": "sigmoid", "log_sigmoid": "logsigmoid", "log_expit": "logsigmoid",
}  # fmt: skip
# Operators that are functions there.
_OPERATORS = {
    "add": "+", "subtract": "-", "sub": "-", "multiply": "*", "mul": "*", "divide": "/", "true_divide": "/", "div": "/",
    "power": "**", "pow": "**", "float_power": "**", "matmul": "@", "mm": "@", "mv": "@",
}  # fmt: skip
# What gives its argument as it is, as far as values of real numbers go.
_SAME = frozenset(
    "copy clone float double asarray contiguous conj conjugate real ascontiguousarray atleast_1d numpy cpu requires_grad_ "
    "float64 float32 block_until_ready Tensor from_numpy".split()
)
_CAST = ("astype", "to", "type")
# Of square matrices, and the kind of their values.
_OF_SQUARES = {
    "inv": ("inv", MATRIX),
    "inverse": ("inv", MATRIX), "det": ("det", NUMBER), "logdet": ("logdet", NUMBER), "trace": ("tr", NUMBER), "tr": ("tr", NUMBER),
    "expm": ("expm", MATRIX), "matrix_exp": ("expm", MATRIX), "logm": ("logm", MATRIX), "sqrtm": ("sqrtm", MATRIX),
}  # fmt: skip


_CALLS: dict[str, Callable[[Call], Value]] = {
    "square": entries.square, "reciprocal": entries.reciprocal, "rsqrt": entries.rsqrt, "negative": entries.negative,
    "neg": entries.negative, "silu": entries.silu, "swish": entries.silu, "log2": entries.log_to_base(2),
    "log10": entries.log_to_base(10), "heaviside": entries.step, "maximum": entries.maximum, "minimum": entries.minimum,
    "fmax": entries.maximum, "fmin": entries.minimum, "clamp": entries.clamped, "clip": entries.clamped, "clamp_min": entries.clamped,
    "clamp_max": entries.clamped, "leaky_relu": entries.leaky, "elu": entries.elu, "hypot": entries.hypotenuse, "logaddexp": entries.logaddexp,
    "where": entries.where, "sum": sums.sum, "mean": sums.mean, "average": sums.mean, "var": sums.variance, "std": sums.deviation,
    "max": sums.extreme, "amax": sums.extreme, "min": sums.extreme, "amin": sums.extreme, "norm": sums.norm,
    "vector_norm": sums.norm, "matrix_norm": sums.norm, "normalize": sums.normalized,
    "softmax": sums.softmax, "logsumexp": sums.logsumexp, "log_softmax": sums.log_softmax, "dot": matrices.dot,
    "inner": matrices.inner, "vdot": matrices.vdot, "outer": matrices.outer, "ger": matrices.outer, "multi_dot": matrices.chain,
    "kron": matrices.kron, "matrix_power": matrices.power_of_matrix, "solve": matrices.solve, "pinv": matrices.pinv,
    "diag": matrices.diag, "diagonal": matrices.diag, "diagflat": matrices.diag, "tril": matrices.triangle,
    "triu": matrices.triangle, "cumsum": matrices.cumsum, "eye": matrices.eye, "identity": matrices.eye, "ones": matrices.filled,
    "zeros": matrices.filled, "ones_like": matrices.filled_like, "zeros_like": matrices.filled_like,
    "transpose": matrices.transpose, "t": matrices.transpose, "swapaxes": matrices.transpose, "permute": matrices.transpose,
    "adjoint": matrices.transpose, "ravel": matrices.flat, "flatten": matrices.flat, "reshape": matrices.reshaped,
    "view": matrices.reshaped, "expand_dims": matrices.unsqueezed, "unsqueeze": matrices.unsqueezed, "squeeze": matrices.squeezed,
    "array": matrices.array, "tensor": matrices.array, "block": matrices.block, "concatenate": matrices.joined,
    "hstack": matrices.joined, "vstack": matrices.joined, "column_stack": matrices.columns, "stack": matrices.stacked,
    "tensordot": matrices.tensordot, "diff": matrices.differences, "cat": matrices.joined, "len": matrices.count_of,
    "size": matrices.count_of, "numel": matrices.count_of, "einsum": matrices.einsum, "builtin sum": sums.builtin_sum,
    "detach": matrices.detached, "stop_gradient": matrices.detached, "item": matrices.item, "builtin float": matrices.item, **losses.CALLS,
}  # fmt: skip


def called(call: Call) -> Value:
    """What a call stands for.  Raises UnreadCode and Misfit."""
    name, arrays, span = call.name, call.code.arrays, call.span
    if name in _EACH:
        if name == "gelu" and call.library == "jax" and call.literal(-1, "approximate", default=True) is not False:
            raise call.refused("`jax.nn.gelu` is an approximation unless approximate=False")
        value = arrays.each(_EACH[name], call.value(), span)
    elif name in _OPERATORS:
        value = call.code.operated(_OPERATORS[name], call.value(0), call.value(1, "exponent", "other"), span)
    elif name in _SAME:
        value = call.value()
    elif name in _CAST:
        value = call.value()
        if len(call.args) > 1:
            call.places.update(range(1, len(call.args)))
        if any(re.search("int|bool|long", ast.unparse(node)) for node in (*call.args[1:], *call.keywords.values())):
            raise call.refused("whole numbers and truth values are not read")
    elif name in _OF_SQUARES:
        function, axes = _OF_SQUARES[name]
        argument = call.matrix()
        arrays.fixed(argument)
        value = Value(Expr(function, (argument.expr,), span=span), axes)
    elif name in _CALLS:
        value = _CALLS[name](call)
    else:
        known = [*_EACH, *_OPERATORS, *_OF_SQUARES, *(one for one in _CALLS if " " not in one)]
        near = get_close_matches(name, known, 1, 0.8) if len(name) < 40 else []
        raise call.refused(f"`{name}` is no function that is read{f'; `{near[0]}` is' if near else ''}")
    call.finish()
    return value


def is_called(name: str) -> bool:
    """Whether it is a function of a library."""
    return name in _EACH or name in _OPERATORS or name in _SAME or name in _OF_SQUARES or name in _CALLS
