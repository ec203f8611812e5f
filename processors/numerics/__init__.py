"""Arithmetic that gives the same bits everywhere: exp2, wide accumulators, forward decay."""
