"""Answers as text, LaTeX, JSON, on a terminal and in documents."""
