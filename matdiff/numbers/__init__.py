"""The value of an expression in many digits; shares no rule with the rooms that differentiate."""
