"""The words of each kind of problem."""
