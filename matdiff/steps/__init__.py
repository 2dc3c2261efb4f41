"""How a result comes about, line by line: by differentials, by the chain rule or in indices."""
