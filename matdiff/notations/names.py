"""The names of the notations: the options ask for them without loading what writes them."""

from __future__ import annotations

NOTATIONS = ("matrix", "sum", "index", "entry", "frobenius", "kronecker", "differential")
CHOICES = ("auto", *NOTATIONS, "all")
