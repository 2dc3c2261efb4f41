"""Variables that are declared, and what their declarations say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Union

from matdiff.functions import NAMES, RESERVED
from matdiff.infer.unify import size_of
from matdiff.language.dims import SCALAR
from matdiff.language.errors import BadDeclaration, DeclaredTwice, Errors, MatdiffError, ReservedName
from matdiff.language.kinds import Variable, declared_kind

if TYPE_CHECKING:
    from matdiff.language.syntax import Span
    from matdiff.read.parse import Declaration


def declare(declarations: Sequence[Declaration]) -> dict[str, Variable]:
    """The declared variables.  Raises Errors of ReservedName, DeclaredTwice and BadDeclaration."""
    variables: dict[str, Variable] = {}
    places: dict[str, Union[Span, None]] = {}
    errors: list[MatdiffError] = []
    for declaration in declarations:
        name, span = declaration.name, declaration.span
        variable = declared_variable(declaration)
        known = variables.get(name)
        if name in NAMES or name in RESERVED:
            errors.append(ReservedName(span=declaration.name_span, reserved=name))
        elif any(dim.value is not None and dim.value < 1 for dim in variable.shape):
            errors.append(BadDeclaration(span=span, problem="size", found=str(variable.shape[0])))
        elif variable.kind == "tensor" and any(dim.is_one for dim in variable.shape):
            errors.append(BadDeclaration(span=span, problem="one", found="1"))
        elif declaration.property and variable.shape[0] != variable.shape[1]:
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
    sizes = tuple(map(size_of, declaration.sizes))
    shape = sizes if len(sizes) > 1 else (*sizes, *SCALAR)[:2]
    return Variable(declaration.name, declared_kind(shape), shape, declaration.property)


def kinds_declared(declarations: Sequence[Declaration]) -> dict[str, str]:
    """The names that are declared, with their kinds."""
    return {declaration.name: declared_variable(declaration).kind for declaration in declarations}


def described(variable: Variable) -> str:
    """`n × k`, `n`, `scalar`, `symmetric n`."""
    if variable.kind == "scalar":
        return "scalar"
    if variable.property:
        return f"{variable.property} {variable.shape[0]}"
    return str(variable.shape[0]) if variable.kind == "vector" else " × ".join(map(str, variable.shape))
