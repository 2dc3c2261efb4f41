"""Variables: what is declared of them, and the kind that the spelling of a name suggests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Union

from matdiff.dims import ONE, Shape
from matdiff.errors import BadDeclaration, DeclaredTwice, Errors, MatdiffError, ReservedName
from matdiff.functions import NAMES, RESERVED
from matdiff.parts import size_of

if TYPE_CHECKING:
    from matdiff.parse import Declaration
    from matdiff.syntax import Span

GREEK = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu "
    "nu xi omicron rho sigma tau upsilon phi chi psi omega".split()
)

# Names that usually are numbers: counts, times, constants.
SCALAR_LETTERS = frozenset(("c", "h", "k", "m", "n", "s", "t", "dt", "C", "N", "T"))


class Variable:
    """A variable: kind "scalar", "vector" or "matrix", shape, property such as "symmetric" or None.

    origin: "declared", "default" (a scalar by its spelling) or "inferred" (infer found its sizes, or even its kind)
    """

    __slots__ = ("kind", "name", "origin", "property", "shape")

    def __init__(self, name: str, kind: str, shape: Shape, property: str | None = None, origin: str = "declared") -> None:
        self.name, self.kind, self.shape, self.property, self.origin = name, kind, shape, property, origin

    def __repr__(self) -> str:
        return f"{self.name}: {self.shape[0]} x {self.shape[1]} ({self.origin})"


def declare(declarations: Sequence[Declaration]) -> dict[str, Variable]:
    """The declared variables.  Raises Errors of ReservedName, DeclaredTwice and BadDeclaration."""
    variables: dict[str, Variable] = {}
    places: dict[str, Union[Span, None]] = {}
    errors: list[MatdiffError] = []
    for declaration in declarations:
        name, span = declaration.name, declaration.span
        variable = declared_variable(declaration)
        rows, columns = variable.shape
        known = variables.get(name)
        if name in NAMES or name in RESERVED:
            errors.append(ReservedName(span=declaration.name_span, reserved=name))
        elif any(dim.value is not None and dim.value < 1 for dim in (rows, columns)):
            errors.append(BadDeclaration(span=span, problem="size", found=str(rows)))
        elif declaration.property and rows != columns:
            errors.append(BadDeclaration(span=span, problem="square", found=declaration.property))
        elif known is not None and (known.shape, known.property) != (variable.shape, variable.property):
            first, second = described(known), described(variable)
            errors.append(DeclaredTwice(variable=name, first=places[name], second=span, first_text=first, second_text=second))
        else:
            variables[name], places[name] = variable, None if declaration.in_option else span
    if errors:
        raise errors[0] if len(errors) == 1 else Errors(errors)
    return variables


def declared_variable(declaration: Declaration) -> Variable:
    """A declared size that is 1 counts: n x 1 is a vector, 1 x 1 a scalar."""
    rows = ONE if declaration.rows is None else size_of(declaration.rows)
    columns = ONE if declaration.cols is None else size_of(declaration.cols)
    return Variable(declaration.name, kind_of((rows, columns)), (rows, columns), declaration.property)


def kind_of(shape: Shape) -> str:
    """ "scalar", "vector" or "matrix"; a row is a matrix."""
    if not shape[1].is_one:
        return "matrix"
    return "scalar" if shape[0].is_one else "vector"


def described(variable: Variable) -> str:
    """`n × k`, `n`, `scalar`, `symmetric n`."""
    rows, columns = variable.shape
    if variable.kind == "scalar":
        return "scalar"
    if variable.property:
        return f"{variable.property} {rows}"
    return str(rows) if variable.kind == "vector" else f"{rows} × {columns}"


def default_kind(name: str) -> str:
    """The kind the spelling of a name suggests."""
    if is_greek(name):
        return "scalar"
    return "matrix" if name[0].isupper() else "vector"


def is_greek(name: str) -> bool:
    """Whether it is the name of a lowercase Greek letter, perhaps with a subscript: `beta`, `beta1`, `beta_x`."""
    return name.partition("_")[0].rstrip("0123456789") in GREEK
