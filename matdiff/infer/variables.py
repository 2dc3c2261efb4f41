"""Variables that are declared, and what their declarations say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Union

from matdiff.functions import NAMES, RESERVED
from matdiff.infer.unify import size_of
from matdiff.language.dims import ONE
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
    return Variable(declaration.name, declared_kind((rows, columns)), (rows, columns), declaration.property)


def kinds_declared(declarations: Sequence[Declaration]) -> dict[str, str]:
    """The names that are declared, with their kinds."""
    return {declaration.name: declared_variable(declaration).kind for declaration in declarations}


def described(variable: Variable) -> str:
    """`n × k`, `n`, `scalar`, `symmetric n`."""
    rows, columns = variable.shape
    if variable.kind == "scalar":
        return "scalar"
    if variable.property:
        return f"{variable.property} {rows}"
    return str(rows) if variable.kind == "vector" else f"{rows} × {columns}"
