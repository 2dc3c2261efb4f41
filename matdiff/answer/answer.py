"""`Answer`: one question answered, as data.  `api.Derivative` is its face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, NamedTuple

from matdiff.answer.result import Result
from matdiff.derive.asked import Asked
from matdiff.infer.infer import Typed
from matdiff.language.errors import NotASize, Remark
from matdiff.language.statements import Declaration, Definition, Question
from matdiff.recover.recover import Recovery, size_expressions
from matdiff.tensor.nodes import Session, Tensor

if TYPE_CHECKING:
    from matdiff.language.syntax import Expr


class Inputs(NamedTuple):
    """What was read: the text, its question, and what it declares and defines."""

    source: str
    question: Question
    declarations: Sequence[Declaration]
    definitions: Sequence[Definition]

    @property
    def exprs(self) -> list[Expr]:
        """The question and the definitions as they are written."""
        return [self.question.expr, *(definition.expr for definition in self.definitions)]

    @property
    def kinds(self) -> dict[str, str]:
        """The kinds of names that the notation tells."""
        parts: tuple[Definition | Question, ...] = (*self.definitions, self.question)
        return {name: kind for part in parts for name, kind in part.kinds.items()}


class Answer:
    """All results of one question, with what was understood of it.

    inputs, asked   what was read, and what was wanted of it
    typed           the expression with all shapes, and its variables; directions are variables too
    session         holds the nodes of all tensors; whoever builds on them enters it
    output          the value of the expression, as it is differentiated
    wrt             the variables
    introduced      variables that the expression does not have: directions
    results         one for each variable, or block of a higher derivative
    remarks         on the reading, the results and their notation
    """

    def __init__(
        self,
        inputs: Inputs,
        asked: Asked,
        typed: Typed,
        session: Session,
        output: Tensor,
        wrt: tuple[str, ...] = (),
        introduced: tuple[str, ...] = (),
        results: Sequence[Result] = (),
        remarks: Sequence[Remark] = (),
    ) -> None:
        self.inputs, self.asked, self.typed, self.session, self.output = inputs, asked, typed, session, output
        self.wrt, self.introduced = wrt, introduced
        self.results, self.remarks = list(results), list(remarks)

    @property
    def plain(self) -> Answer:
        """The same before a notation was asked for: what is checked and calculated."""
        if all(result.plain is result for result in self.results):
            return self
        plain = copy(self)
        plain.results = list(dict.fromkeys(result.plain for result in self.results))
        return plain

    @property
    def conditions(self) -> tuple[str, ...]:
        """What the formulas of all results need."""
        return tuple(dict.fromkeys(condition for result in self.results for condition in result.conditions))

    def fixed_sizes(self, sizes: Mapping[str, int] | None) -> dict[str, int]:
        """The sizes that somebody chose, to compare with numbers.  Raises NotASize for a name that does not occur."""
        names = self.typed.number_names() if sizes else ()
        for name, number in (sizes or {}).items():
            if name not in names:
                raise NotASize(text=name, number=number, names=names)
        return dict(sizes or {})

    @property
    def recovery(self) -> Recovery:
        """What writes tensors of this answer in matrix notation."""
        return Recovery(size_expressions(self.typed.variables.values(), named=self.typed.sizes_as_numbers))
