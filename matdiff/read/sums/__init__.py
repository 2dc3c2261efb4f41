"""Sums over indices: their heads, einsum, and which subscripts and entries they bind."""
