"""PyTorch: every array that a function makes has the type and the device of its arguments."""

from __future__ import annotations

from matdiff.code.language import block_rows
from matdiff.code.languages.python import FUNCTIONS, HELPED, KEYWORDS, OPERATIONS, Python, helpers
from matdiff.code.plan import Node
from matdiff.code.spelling import ATOM, SUM, TERM, Entry, Spelling


def _block(node: Node) -> str:
    wide = [f"torch.cat([{row}], 1)" if node.data > 1 else row for row in block_rows(node)]
    return f"torch.cat([{', '.join(wide)}])" if len(wide) > 1 else wide[0]


def _single(node: Node) -> str:
    """A number that no argument enters is no tensor yet."""
    return "{0}.reshape(1, 1)" if node.parts[0].varies else "torch.full((1, 1), {0}, KIND)"


def _full(node: Node) -> str | Spelling:
    """A number that an argument enters must stay a part of the graph."""
    if node.parts[0].varies:
        return Spelling("{0} * torch.ones(SIZES, KIND)", TERM, (TERM,))
    return "torch.full((ENDS,), {0}, KIND)"


def _with_columns(template: str) -> Entry:
    """A solver that takes matrices only."""

    def spell(node: Node) -> Spelling:
        if len(node.shape) == 1:
            return Spelling(template.replace("{1}", "{1}[:, None]") + "[:, 0]")
        return Spelling(template)

    return spell


_LIBRARY = {
    "NP": "torch",
    "EXPM": "torch.linalg.matrix_exp",
    "EYE": "_eye_like(x)",
    "BLOCK": "_block",
    "ZEROS": "torch.zeros_like(x)",
}


class Torch(Python):
    """Vectors are one-dimensional tensors; a number may be a float or a tensor without axes."""

    always = ("import torch",)
    imports = (("import math", "math."),)
    reserved = KEYWORDS | {"torch", "math", "int"}
    traits = ("broadcast", "cholesky", "lu", "matrices", "repeats")
    operations = {
        **OPERATIONS,
        "pi": "math.pi",
        "inner": "torch.sum({0} * {1})",
        "sum_axis": "torch.sum({0}, DATA)",
        "row_max": "torch.amax({0}, -1)",
        "eye": "torch.eye({0}, KIND)",
        "ones": "torch.ones(SIZES, KIND)",
        "zeros": "torch.zeros(SIZES, KIND)",
        "full": _full,
        "tile_columns": "{0}[:, None].repeat(1, {2})",
        "tile_rows": "{0}.repeat({1}, 1)",
        "unit": "torch.eye({1}, KIND)[{0}]",
        "kron": "_kron({0}, {1})",
        "single": _single,
        "vec": "{0}.T.reshape(-1)",
        "block": _block,
        "flat": "{0}.reshape(-1)",
        "cholesky": "torch.linalg.cholesky({0})",
        "cholesky_solve": _with_columns("torch.cholesky_solve({1}, {0})"),
        "cholesky_half_logdet": "torch.sum(torch.log(torch.diag({0})))",
        "cholesky_inverse": "torch.cholesky_inverse({0})",
        "lu": "torch.linalg.lu_factor({0})",
        "lu_solve": _with_columns("torch.linalg.lu_solve(*{0}, {1})"),
        "lu_solve_transposed": _with_columns("torch.linalg.lu_solve(*{0}, {1}, adjoint=True)"),
        "lu_inverse": "torch.linalg.lu_solve(*{0}, torch.eye({1}, KIND))",
        "commutation": "torch.eye({2}, KIND).reshape({1}, {0}, {2}).transpose(0, 1).reshape({2}, {2})",
        "pairing": "torch.eye({0}, KIND).reshape({0}, {1}, {2})",
        "einsum": 'torch.einsum("LETTERS", PARTS)',
    }
    library = _LIBRARY
    functions = {
        **HELPED,
        **FUNCTIONS,
        **{name: f"torch.{name}({{0}})" for name in "asin acos atan sigmoid erf".split()},
        "step": "torch.heaviside({0}, torch.zeros_like({0}))",
        "relu": "torch.relu({0})",
        "softplus": Spelling("-torch.nn.functional.logsigmoid(-{0})", TERM),
        "logsigmoid": "torch.nn.functional.logsigmoid({0})",
        "gelu": "torch.nn.functional.gelu({0})",
        "softmax": "torch.softmax({0}, 0)",
        "logsumexp": "torch.logsumexp({0}, 0)",
        "cumsum": "torch.cumsum({0}, 0)",
        "softmax rows": "torch.softmax({0}, -1)",
        "logsumexp rows": "torch.logsumexp({0}, -1)",
        "cumsum rows": "torch.cumsum({0}, -1)",
        "pinv": "torch.linalg.pinv({0}, rtol=1e-12)",
        "nucnorm": 'torch.linalg.matrix_norm({0}, "nuc")',
        "expm": "torch.linalg.matrix_exp({0})",
    }
    helpers = {
        "_number": '''def _number(x):
    """A number as a tensor, in double precision if it is none yet."""
    return x if torch.is_tensor(x) else torch.tensor(x, dtype=torch.float64)''',
        "_kron": '''def _kron(x, y):
    """The Kronecker product; that of the library takes no transposed matrices."""
    return torch.kron(x.contiguous(), y.contiguous())''',
        "_eye_like": '''def _eye_like(x):
    """The identity matrix of the size, type and device of x."""
    return torch.eye(len(x), dtype=x.dtype, device=x.device)''',
        "_sqrtm": '''def _sqrtm(x):
    """The principal square root, by Denman and Beavers' iteration (Higham 2008, eq. 6.15)."""
    y, z = x, _eye_like(x)
    for _ in range(25):
        y, z = (y + torch.linalg.inv(z)) / 2, (z + torch.linalg.inv(y)) / 2
    return y''',
        **helpers("_logm", _LIBRARY),
        "_argmax": '''def _argmax(x):
    """1 at the first largest entry, else 0."""
    return torch.nn.functional.one_hot(torch.argmax(x), x.numel()).reshape(x.shape).to(x.dtype)''',
        "_argmax_rows": '''def _argmax_rows(x):
    """1 at the first largest entry of every row, else 0."""
    return torch.nn.functional.one_hot(torch.argmax(x, -1), x.shape[-1]).to(x.dtype)''',
        "_adj": '''def _adj(x):
    """The adjugate, from the singular values, so that x may be singular."""
    u, s, vt = torch.linalg.svd(x)
    one = _eye_like(x)
    others = torch.prod(one + (1 - one) * s, 1)
    return torch.linalg.det(u) * torch.linalg.det(vt) * (vt.T * others) @ u.T''',
        **helpers("_powm", _LIBRARY),
        "_dadj": '''def _dadj(x, e):
    """The derivative of the adjugate at x in the direction e, for singular x too."""
    u, s, vt = torch.linalg.svd(x)
    one = torch.eye(len(x), dtype=torch.bool, device=x.device)
    others = torch.where(one[:, None, :] | one[None, :, :], torch.ones_like(s), s).prod(2)
    others = torch.where(one, torch.zeros_like(others), others)
    inner = u.T @ e @ vt.T
    turned = torch.diag(others @ torch.diag(inner)) - others * inner
    return torch.linalg.det(u) * torch.linalg.det(vt) * vt.T @ turned @ u.T''',
        **helpers("_d2adj _eigproj", _LIBRARY),
        "_block": '''def _block(rows):
    """A matrix of blocks."""
    return torch.cat([torch.cat(row, 1) for row in rows])''',
        **helpers("_frechet _frechet2", _LIBRARY),
        "_slope": '''def _slope(d, units):
    """d(e) for every unit matrix e as direction, with its two axes last."""
    n = units.shape[1]
    return torch.stack([d(e) for e in units], -1).reshape(n, n, n, n)''',
        "_slope2": '''def _slope2(d, units):
    """d(e, g) for all unit matrices e and g as directions, with their axes last."""
    n = units.shape[1]
    return torch.stack([torch.stack([d(e, g) for g in units], -1) for e in units], -2).reshape(n, n, n, n, n, n)''',
    }

    def kind(self, node: Node) -> str:
        """The type and the device of a new array."""
        return f"dtype={self.like}.dtype, device={self.like}.device" if self.like else "dtype=torch.float64"

    def spell(self, node: Node) -> Spelling:
        """A number that no argument enters becomes a tensor before a function is applied to it."""
        spelled = super().spell(node)
        if node.op != "apply" or node.parts[0].varies or node.parts[0].shape:
            return spelled
        return spelled._replace(template=spelled.template.replace("{0}", "torch.tensor({0}, dtype=torch.float64)"))

    def prelude(self) -> list[tuple[str, str]]:
        """A float has no precision that a tensor could not lose."""
        return [(name, f"_number({name})") for name in self.scalars]

    def position(self, name: str) -> str:
        """A number that is a variable too is a tensor here."""
        return f"int({name})" if name in self.scalars else name

    def slope(self, node: Node) -> Spelling:
        """The directions have the type of the arguments."""
        spelled = super().slope(node)
        size = f"{{{len(node.parts) - 1}}}"
        units = f"torch.eye({size}**2, {self.kind(node)}).reshape(-1, {size}, {size})"
        needs = (*[SUM] * (len(node.parts) - 1), ATOM)
        return spelled._replace(template=spelled.template[: -len(size) - 1] + units + ")", needs=needs)
