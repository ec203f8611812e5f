"""From components to a score, a regime, a spread and a fee."""
