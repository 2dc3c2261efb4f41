"""Code that calculates with arrays, expression by expression: what each part stands for in matrix notation."""
