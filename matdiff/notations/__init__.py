"""The same result in every notation: one file each, all equal to its index form."""
