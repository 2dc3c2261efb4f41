"""`Asked`: what somebody wants of an expression, one value from the command to the pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations_with_replacement
from typing import NamedTuple

from matdiff.derive.directions import Along, directions
from matdiff.functions import RESERVED
from matdiff.infer.infer import Typed
from matdiff.language.errors import EveryVariable, NotAName, Remark, UnknownVariable, WhichVariable
from matdiff.language.kinds import Variable
from matdiff.language.queries import families, names_in
from matdiff.language.statements import Question
from matdiff.language.syntax import Expr
from matdiff.read.syntaxes import name_in

ALL = ("all",)


class Asked(NamedTuple):
    """What is wanted.

    wrt        the variables, `ALL` for each of them, or () for the only one there is
    order      of the derivative; 0 is the value
    structure  how a structured variable is differentiated; see `structure.MODES`
    layout     "gradient", "numerator" or "denominator"
    along      what the derivative is applied to; then `order` says nothing
    strict     whether what is read otherwise than it is spelled is an error
    members    those that are asked for, u_k, each with its family u, which is in `wrt`
    """

    wrt: tuple[str, ...] = ()
    order: int = 1
    structure: str = "project"
    layout: str = "gradient"
    along: Along | None = None
    strict: bool = False
    members: tuple[tuple[str, str], ...] = ()

    def of(self, question: Question) -> Asked:
        """The same with what a question says itself; where only the value is wanted, no derivative."""
        order = question.order if question.order is not None and self.order == 1 and self.along is None else self.order
        return self._replace(wrt=tuple(question.wrt or self.wrt or question.by), order=order)

    def checked(self) -> Asked:
        """The same with every name in its one spelling.  Raises NotAName: a result can only hold what the language can name."""
        along = self.along and Along(self.along.kind, _names(self.along.names, self.along.kind))
        return self._replace(wrt=_names(self.wrt, "wrt"), along=along)

    def remarks(self, question: Question, wrt: Sequence[str]) -> list[Remark]:
        """What somebody should know about the question: `all` is each variable, also where one of several is called so."""
        if self.wrt != ALL or "all" not in wrt or len(wrt) < 2:
            return []
        return [EveryVariable(names=tuple(wrt), span=question.wrt_spans[0] if question.wrt_spans else None)]

    @property
    def named(self) -> tuple[str, ...]:
        """The variables that are asked for by name."""
        return () if self.wrt == ALL else self.wrt

    def of_families(self, exprs: Sequence[Expr]) -> Asked:
        """The same by the family u for each member u_k that is asked for and does not stand in the expressions."""
        if not any("_" in name or name in RESERVED for name in self.named):
            return self
        known, occurring = families(exprs), {str(node.value) for expr in exprs for node in names_in(expr)}
        found, members = [], []
        for name in self.named:
            stem, _, letters = name.rpartition("_")
            stem = stem + "_" if stem in RESERVED else stem
            if name not in occurring and stem in known and letters.isalpha() and len(letters) <= 2:
                members.append((name, stem))
                found.append(stem)
            else:
                found.append(name + "_" if name in RESERVED and name + "_" in known else name)
        return self._replace(wrt=tuple(found), members=tuple(members))

    def variables(self, typed: Typed) -> tuple[str, ...]:
        """The variables to differentiate by.  Raises WhichVariable, UnknownVariable."""
        if not self.order and self.along is None:
            return ()
        if not self.wrt:
            if len(typed.variables) == 1:
                return tuple(typed.variables)
            raise WhichVariable(candidates=tuple((v.name, v.kind, v.shape) for v in typed.variables.values()))
        if self.wrt == ALL:
            return tuple(typed.variables)
        for name in self.wrt:
            if name not in typed.variables:  # it stands only in a definition by which is differentiated too
                raise UnknownVariable(variable=name, names=tuple(typed.variables))
        return tuple(dict.fromkeys(self.wrt))

    def directions(self, typed: Typed, wrt: Sequence[str], declared: Mapping[str, Variable]) -> dict[str, Variable]:
        """What the derivative is applied to, as variables.  Raises BadDirection."""
        return {} if self.along is None else directions(self.along, typed, wrt, declared)

    def blocks(self, names: Iterable[str]) -> list[tuple[str, ...]]:
        """The derivatives to give: one for each variable, and for a higher order every block."""
        return list(combinations_with_replacement(names, self.order))


def _names(texts: Sequence[str], option: str) -> tuple[str, ...]:
    names = []
    for text in texts:
        name = name_in(text)
        if name is None:
            raise NotAName(text=text, option=f"--{option}")
        names.append(name)
    return tuple(names)
