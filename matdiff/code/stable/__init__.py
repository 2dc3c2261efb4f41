"""Formulas put so that they neither overflow nor cancel, before they become programs."""
