"""Is it right: --verify by differences, --expect another formula, --prove exactly."""
