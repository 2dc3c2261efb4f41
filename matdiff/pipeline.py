"""`solve`: the table of contents of matdiff.  Every stage is named here once, in order; what stands below asks something similar."""

from __future__ import annotations

from itertools import chain, count

from matdiff.answer.answer import Answer, Inputs
from matdiff.answer.conditions import remarks_on
from matdiff.answer.result import Result, Writing
from matdiff.derive.asked import Asked
from matdiff.derive.derivatives import derivatives, value_of
from matdiff.derive.directions import SOLVE, Along
from matdiff.derive.spaces import derivative
from matdiff.infer.infer import Typed, declare, infer
from matdiff.language.errors import Departure, Errors, NoClosedForm
from matdiff.language.queries import shape_of
from matdiff.language.statements import Question
from matdiff.laws.simplify import rebuild
from matdiff.tensor.lower import axes_of
from matdiff.tensor.nodes import Session, entered


def solve(inputs: Inputs, asked: Asked, session: Session | None = None) -> Answer:
    """Answer one question.  Nodes are made in `session`, by default a new one."""
    asked = asked.of(inputs.question).checked()
    if inputs.question.forms or any(one.forms for one in inputs.definitions):
        from matdiff.answer.forms import checked_forms  # most questions have one form

        inputs = checked_forms(inputs)
    asked = asked.of_families(inputs.exprs)
    typed = infer_question(inputs, asked)
    wrt = asked.variables(typed)
    directions = asked.directions(typed, wrt, declare(inputs.declarations))
    with entered(session or Session()) as session:
        value = value_of(typed, wrt, asked.structure)  # lower, simplify
        tensors = derivatives(value, typed, asked, wrt, directions)  # derive, simplify
        writing = Writing(typed.beside(directions), rebuild(value.output, value.restored), value.defined)
        results = []
        for place, (names, tensor) in enumerate(tensors):  # choose, recover
            results.append(Result(writing, names, rebuild(tensor, value.restored), asked, place))
    shown = [expr for result in results for expr in result.formulas]
    remarks = remarks_on(typed, wrt, asked.structure, shown, [name for name in wrt if any(r.is_twice_by(name) for r in results)])
    remarks += asked.remarks(inputs.question, wrt)
    introduced = tuple(name for name in directions if name not in typed.variables)
    return Answer(inputs, asked, writing.typed, session, value.output, wrt, introduced, results, remarks)


def infer_question(inputs: Inputs, asked: Asked) -> Typed:
    """The expression of a question with all shapes; see `infer`.  Raises Departure, alone or in Errors, where `asked` is strict."""
    question, definitions = inputs.question, {d.name: d.expr for d in inputs.definitions}
    typed = infer(question.expr, inputs.declarations, definitions, wrt=asked.named, kinds=inputs.kinds)
    if typed.ranges:
        from matdiff.answer.matrices import in_matrices  # few questions have sums over an index

        typed = in_matrices(typed, asked)
    if asked.strict:
        written = [*(remark for part in inputs.definitions for remark in part.remarks), *question.remarks]
        departures = [Departure(remark=remark) for remark in (*written, *typed.remarks) if remark.departs]
        if departures:
            raise Errors(departures)
    return typed


def again(answer: Answer, **changes: object) -> Answer:
    """The answer to the same question with another `wrt`, `structure` or `layout`, not applied to directions."""
    asked = answer.asked._replace(along=None, **changes)  # type: ignore[arg-type]
    asking = answer.inputs.question
    question = Question(asking.expr, (), asking.span, kinds=asking.kinds, by=asking.by)
    return solve(answer.inputs._replace(question=question), asked)


def stages(answer: Answer, result: Result) -> list[list[Result]]:
    """The derivatives on the way to a result, ascending: df/dx before d2f/dx2.

    To one that is applied to directions there is a way for each, which ends with the whole derivative.
    """
    if result.along is None:
        return [[*_lower(answer, result.wrt[:-1]), result]]
    if result.along.kind == "vjp":
        return [_lower(answer, result.wrt)]
    first = () if result.along.kind == "jvp" else result.wrt
    return [_lower(answer, (*first, name)) for name in answer.wrt]


def _lower(answer: Answer, wrt: tuple[str, ...]) -> list[Result]:
    """The derivatives by the first variable, by the first two, and so on."""
    if not wrt:
        return []
    typed, structure = answer.typed, answer.asked.structure
    asked = Asked(structure=structure)
    with entered(Session()):
        value = value_of(typed, tuple(dict.fromkeys(wrt)), structure)
        writing = Writing(typed, rebuild(value.output, value.restored), value.defined)
        results = []
        for order in range(1, len(wrt) + 1):
            names = wrt[:order]
            tensor = derivative(value.output, names, typed, structure)
            results.append(Result(writing, names, rebuild(tensor, value.restored), asked))
    return results


def operators(answer: Answer) -> list[Answer]:
    """Where the answer is the Hessian by one array, what takes the place of the dense array.

    The Hessian applied to a direction, which needs no Hessian, and its inverse applied to one, where its structure gives it.
    """
    typed, twice = answer.typed, answer.wrt * 2
    is_scalar = not axes_of(shape_of(typed.expr))
    if len(twice) != 2 or not is_scalar or [result.wrt for result in answer.results] != [twice]:
        return []
    variable = typed.variables[twice[0]]
    if not axes_of(variable.shape):
        return []
    taken = {*typed.variables, *typed.definitions, *typed.size_names}
    letter = "V" if len(axes_of(variable.shape)) == 2 else "v"
    name = next(name for name in chain([letter], (f"{letter}{number}" for number in count(1))) if name not in taken)
    kinds = ("hvp", SOLVE) if variable.property is None and variable.kind != "tensor" else ("hvp",)
    found = [_applied(answer, Along(kind, (name,))) for kind in kinds]
    return [operator for operator in found if operator is not None and operator.results]


def _applied(answer: Answer, along: Along) -> Answer | None:
    """The same question with its derivative applied to a direction; None where there is no closed form."""
    try:
        return solve(answer.inputs, answer.asked._replace(along=along), answer.session)
    except NoClosedForm:
        return None
