"""A text becomes statements: one tree, whatever way of writing it came from."""
