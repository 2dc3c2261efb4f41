"""The losses and layers of PyTorch, put together from what they are made of."""

from __future__ import annotations

from collections.abc import Callable

from matdiff.language.syntax import Expr, ratio
from matdiff.read.numpy.call import Call
from matdiff.read.numpy.functions.sums import averaged, counted, log_of_softmax, norms
from matdiff.read.numpy.value import Misfit, Value, number

# Modules that are functions of a library, with the settings that they are made with.
LAYERS = {
    "MSELoss": "mse_loss", "L1Loss": "l1_loss", "SmoothL1Loss": "smooth_l1_loss", "HuberLoss": "huber_loss",
    "BCELoss": "binary_cross_entropy", "BCEWithLogitsLoss": "binary_cross_entropy_with_logits", "CrossEntropyLoss": "cross_entropy",
    "KLDivLoss": "kl_div", "ReLU": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh", "Softplus": "softplus", "Softmax": "softmax",
    "LogSoftmax": "log_softmax", "GELU": "gelu", "SiLU": "silu", "LeakyReLU": "leaky_relu", "ELU": "elu", "LogSigmoid": "logsigmoid",
    "CosineSimilarity": "cosine_similarity",
}  # fmt: skip


def _reduced(call: Call, value: Value) -> Value:
    """The mean of all entries, their sum, or the entries, as `reduction` says."""
    reduction = call.literal(-1, "reduction", default="mean")
    if reduction == "none":
        return value
    if reduction == "sum":
        return call.code.arrays.total(value, None, False, call.span)
    if reduction != "mean":
        raise call.refused('reduction is "mean", "sum" or "none"')
    return averaged(call, value, None, False)


def _pair(call: Call) -> tuple[Value, Value]:
    left, right = call.value(0, "input"), call.value(1, "target")
    if left.rank != right.rank:
        raise Misfit(call.span, f"`{call.name}` takes two arrays of one size")
    return left, right


def _difference(call: Call) -> Value:
    left, right = _pair(call)
    return call.code.arrays.add([(False, left), (True, right)], call.span)


def squared_error(call: Call) -> Value:
    """The mean of the squares of the differences."""
    difference = _difference(call)
    return _reduced(call, call.code.arrays.power(difference, Value(number(2, call.span)), call.span))


def absolute_error(call: Call) -> Value:
    """The mean of the sizes of the differences."""
    return _reduced(call, call.code.arrays.each("abs", _difference(call), call.span))


def huber(call: Call) -> Value:
    """With m = min(|r|, delta): m (|r| - m / 2), by delta where it is smooth_l1_loss."""
    arrays, span = call.code.arrays, call.span
    size = arrays.each("abs", _difference(call), span)
    node = call.node(-1, "delta", "beta")
    bound = call.code.value(node) if node is not None else Value(number(1, span))
    over = arrays.each("relu", arrays.add([(False, size), (True, bound)], span), span)
    low = arrays.add([(False, size), (True, over)], span)
    half = arrays.divide(low, Value(number(2, span)), span)
    value = arrays.multiply(low, arrays.add([(False, size), (True, half)], span), span)
    if call.name == "smooth_l1_loss" and node is not None:
        value = arrays.divide(value, bound, span)
    return _reduced(call, value)


def cross_entropy_of_two(call: Call) -> Value:
    """-(y log(p) + (1 - y) log(1 - p)); with logits softplus(z) - y z."""
    arrays, span = call.code.arrays, call.span
    left, target = _pair(call)
    if call.name == "binary_cross_entropy_with_logits":
        product = arrays.multiply(target, left, span)
        return _reduced(call, arrays.add([(False, arrays.each("softplus", left, span)), (True, product)], span))
    one = Value(number(1, span))
    rest = [arrays.add([(False, one), (True, value)], span) for value in (target, left)]
    parts = [arrays.multiply(y, arrays.each("log", p, span), span) for y, p in ((target, left), (rest[0], rest[1]))]
    return _reduced(call, arrays.negative(arrays.add([(False, part) for part in parts], span), span))


def cross_entropy(call: Call) -> Value:
    """Of logits and probabilities: the mean over rows of -sum(y log_softmax(z))."""
    arrays, span = call.code.arrays, call.span
    logits, target = call.value(0, "input"), call.value(1, "target")
    if logits.rank != target.rank or not logits.rank:
        raise Misfit(call.span, "`cross_entropy` is read with probabilities for every class, an array like the logits")
    axis = 1 if logits.rank == 2 else None
    products = arrays.multiply(target, log_of_softmax(call, logits, axis), span)
    total = arrays.negative(arrays.total(products, axis, False, span), span)
    return _reduced(call, total) if total.rank else total


def divergence(call: Call) -> Value:
    """F.kl_div(log_q, p): p (log(p) - log_q)."""
    arrays, span = call.code.arrays, call.span
    left, target = _pair(call)
    inner = arrays.add([(False, arrays.each("log", target, span)), (True, left)], span)
    value = arrays.multiply(target, inner, span)
    if call.literal(-1, "reduction", default="mean") == "batchmean":
        total = arrays.total(value, None, False, span)
        return arrays.divide(total, Value(arrays.count(value, 0, span)), span)
    return _reduced(call, value)


def linear(call: Call) -> Value:
    """F.linear(x, W, b): x W^T + b."""
    arrays, span = call.code.arrays, call.span
    value, weight = call.value(0, "input"), call.matrix(1, "weight")
    product = arrays.matmul(value, arrays.transpose(weight, span), span)
    bias = call.node(2, "bias")
    return product if bias is None else arrays.add([(False, product), (False, call.code.value(bias))], span)


def cosine(call: Call) -> Value:
    """Of two vectors, or of the rows or columns of two matrices."""
    arrays, span = call.code.arrays, call.span
    left, right = call.value(0, "x1"), call.value(1, "x2")
    if left.rank != right.rank:
        raise Misfit(span, "`cosine_similarity` takes two arrays of one kind")
    axis = call.axis(left, place=2, default=1)
    if left.rank < 2:
        sizes = [Value(Expr("norm", (value.expr,), span=span)) for value in (left, right)]
        return arrays.divide(arrays.matmul(left, right, span), arrays.multiply(sizes[0], sizes[1], span), span)
    products = arrays.total(arrays.multiply(left, right, span), axis, False, span)
    sizes = [norms(call, value, axis, False) for value in (left, right)]
    return arrays.divide(products, arrays.multiply(sizes[0], sizes[1], span), span)


def distance(call: Call) -> Value:
    """torch.dist(x, y): the norm of all entries of the difference."""
    if call.literal(2, "p", default=2) != 2:
        raise call.refused("p=2 is read")
    difference = call.code.arrays.add([(False, call.value(0)), (True, call.value(1))], call.span)
    return (
        Value(Expr("norm", (difference.expr,), span=call.span))
        if difference.rank
        else call.code.arrays.each("abs", difference, call.span)
    )


def covariance(call: Call) -> Value:
    """np.cov(X, rowvar=False): (X - mean)^T (X - mean) / (n - 1); by default the rows are the variables."""
    arrays, span = call.code.arrays, call.span
    value, rows = call.matrix(0, "m"), call.literal(1, "rowvar", default=True)
    is_biased, less = call.literal(-1, "bias", default=False), call.literal(-1, "ddof", "correction")
    if not isinstance(rows, bool):
        raise call.refused("rowvar is True or False")
    data = arrays.transpose(value, span) if rows else value
    centred = arrays.add([(False, data), (True, averaged(call, data, 0, True))], span)
    count = counted(call, data, 0, (0 if is_biased else 1) if less is None else less)
    return arrays.divide(arrays.matmul(arrays.transpose(centred, span), centred, span), count, span)


def cube_root(call: Call) -> Value:
    """x^(1/3), of what is positive."""
    return call.code.arrays.power(call.value(), Value(Expr("number", (), ratio(1, 3), span=call.span)), call.span)


CALLS: dict[str, Callable[[Call], Value]] = {
    "mse_loss": squared_error, "l1_loss": absolute_error, "smooth_l1_loss": huber, "huber_loss": huber,
    "binary_cross_entropy": cross_entropy_of_two, "binary_cross_entropy_with_logits": cross_entropy_of_two,
    "cross_entropy": cross_entropy, "kl_div": divergence, "linear": linear, "cosine_similarity": cosine, "dist": distance,
    "cov": covariance, "cbrt": cube_root,
}  # fmt: skip
