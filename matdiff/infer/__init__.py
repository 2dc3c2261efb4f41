"""Statements become typed expressions: every shape and kind, and which reading fits."""
