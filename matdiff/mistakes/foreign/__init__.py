"""Statements in other programs' languages, translated for a help line; goes when these languages have readers."""
