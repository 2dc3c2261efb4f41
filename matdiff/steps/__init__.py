"""Derivations: how a result comes about, line by line, by differentials, by the chain rule or in indices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matdiff.steps.chain import by_chain_rule
from matdiff.steps.derivation import Derivation, Law, Line, Note
from matdiff.steps.differential import by_differentials
from matdiff.steps.indices import by_indices
from matdiff.steps.setting import Setting

if TYPE_CHECKING:
    from matdiff.pipeline import Derivative, Result

__all__ = ["METHODS", "Derivation", "Law", "Line", "Note", "derivation"]

METHODS = ("differential", "chain", "index")


def derivation(answer: Derivative, result: Result, method: str | None = None) -> Derivation:
    """How a result of the answer comes about; without a method by the chain rule where there are definitions, else by differentials."""
    chosen = method or ("chain" if answer.typed.definitions else "differential")
    if chosen == "chain":
        return by_chain_rule(answer, result)
    return (by_differentials if chosen == "differential" else by_indices)(Setting(answer, result))
