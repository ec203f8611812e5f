"""The same program, offline: backtests, publishing of recordings, explanations and pictures."""
