"""Statements in R, Mathematica and what else has no reader, rewritten for a help line."""
