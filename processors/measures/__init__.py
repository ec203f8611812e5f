"""One file a measure: its state transition and its value, as the papers name them."""
