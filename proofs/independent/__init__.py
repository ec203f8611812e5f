"""A second verifier, written from `proofs/SPEC.md` alone.

It shares no code with the first: py_ecc gives the curve's parameters and the pieces of hash-to-curve, hashlib the
hashes, and everything else is here. Where the two verifiers disagree, one of them misreads the specification.
"""

from .api import verify, verify_bundle, verify_chain, verify_equivocation, verify_history
from .verdict import Verdict

__all__ = ["Verdict", "verify", "verify_bundle", "verify_chain", "verify_equivocation", "verify_history"]
