"""Tensors become their derivatives: the sweep, structured variables, directions, solves."""
