"""Slow, plain answers that the engine is checked against.

Nothing here reads or imports the kernels: the definitions come from the published formulas and from
the recordings' own format notes. Arithmetic is in whole ticks and lots, so answers compare exactly.
"""
