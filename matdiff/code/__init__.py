"""Formulas as programs: a plan of operations on arrays, made cheap and stable."""
