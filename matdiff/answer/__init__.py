"""One question answered, as data: results with axes, left sides, conditions, remarks."""
