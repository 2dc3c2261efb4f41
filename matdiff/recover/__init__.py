"""Tensors become matrix notation again: reduction of the index graph, common factors, entries."""
