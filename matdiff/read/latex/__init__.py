r"""Reads formulas in LaTeX: marks, then tokens, then the rules of grammar/latex.lark, then statements."""
