"""`assumed_kinds`: the declarations without which a printed line would be read as something else than it is.

In `x^T A x + p` the added p can only be a number; in `(nu - p) X`, which comes from such a sum, nothing says so any more.
"""

from __future__ import annotations

from collections.abc import Iterable

from matdiff.infer.infer import Typed, infer
from matdiff.language.errors import Errors, MatdiffError, SoftKind, SumRead
from matdiff.language.kinds import Variable, declared_shape
from matdiff.language.queries import names_in
from matdiff.language.syntax import Expr
from matdiff.read.parse import Definition, Question, parse


def assumed_kinds(line: str, shown: Iterable[Expr], typed: Typed) -> str:
    """`p: scalar; ` before a line where it is needed, else nothing; `shown` are the expressions in the line.

    Only names that were read against their spelling are asked about, and declarations of the user still hold.
    """
    soft = [remark.variable for remark in typed.remarks if isinstance(remark, SoftKind)]
    soft += [name for remark in typed.remarks if isinstance(remark, SumRead) for _, _, name in remark.members]
    if not soft:
        return ""
    used = {str(node.value) for expr in shown for node in names_in(expr)}
    asked = [typed.variables[name] for name in soft if name in used and name in typed.variables]
    if not asked or _reads_back(line, typed, asked):
        return ""
    return "".join(f"{variable.name}: {declared_shape(variable.shape)}; " for variable in asked)


def _reads_back(line: str, typed: Typed, asked: list[Variable]) -> bool:
    """Whether these variables have their kinds in the line without being declared."""
    declared = {name: variable for name, variable in typed.variables.items() if variable.origin == "declared"}
    try:
        statements = parse(line)
        definitions = {s.name: s.expr for s in statements if isinstance(s, Definition)}
        question = next(s for s in statements if isinstance(s, Question))
        again = infer(question.expr, declared, definitions)
    except (Errors, MatdiffError):
        return False
    return all(name.name in again.variables and name.kind == again.variables[name.name].kind for name in asked)
