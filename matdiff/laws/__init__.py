"""Tensors become simpler: the laws, as tables of equations where a pattern can say them, and their matcher."""
