"""Attestations of order flow: commitments, proofs, receipts, and their verification.

    equipoise.proofs.verify     bytes in, a verdict out: `verify`, `verify_chain`
    equipoise.proofs.window     orders in, a signed statement out: `Terms`, `Window`
    equipoise.proofs.publisher  numbers, chains and revises the windows of a stream
    equipoise.proofs.prover     the asynchronous proofs, in a process of their own
    equipoise.proofs.keys       secrets, sealed; `history` says which keys count
    SPEC.md                     the format, byte by byte

Nothing is imported here: a verifier loads what it verifies with, and no more.
"""
