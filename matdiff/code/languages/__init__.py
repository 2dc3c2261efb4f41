"""One file a programming language: how it spells the operations and functions of a plan."""
