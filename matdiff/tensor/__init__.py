"""Typed expressions become tensors in index notation: the nodes, their normal form, and how they are built."""
