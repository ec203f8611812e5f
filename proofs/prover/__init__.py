"""The prover in its own process: asynchronous proofs, receipts on request, and a memory.

This is the one part of `equipoise.proofs` that does input and output. It exists because the
group's library holds the interpreter's lock for as long as it multiplies, and its objects do
not pickle: what crosses between the processes is bytes.
"""
