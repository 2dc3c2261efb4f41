"""Of equal formulas the shortest, and names for its parts."""
