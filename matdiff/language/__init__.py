"""What is written: expressions, sizes, statements, kinds, errors as data, and printing an expression in matdiff's own language."""
