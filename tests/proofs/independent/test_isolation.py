"""The second verifier shares nothing with the first: neither imports nor packages; and its reasons are the SPEC's."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import equipoise.proofs.independent as package
from equipoise.proofs.independent.verdict import INVALID_REASONS, MALFORMED_REASONS

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "proofs" / "independent"
ALLOWED = {"py_ecc", "hashlib"} | {
    *(
        "__future__",
        "argparse",
        "collections",
        "dataclasses",
        "functools",
        "itertools",
        "pathlib",
        "re",
        "sys",
        "typing",
    )
}


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level <= 1, f"{path.name} reaches outside its package"
            if node.level == 0:
                names.add(str(node.module).partition(".")[0])
    return names


def test_only_py_ecc_and_the_standard_library_are_imported() -> None:
    files = list(FOLDER.glob("*.py"))
    assert len(files) > 20
    for path in files:
        assert imported(path) <= ALLOWED, path.name
    assert any("py_ecc" in imported(path) for path in files)


def test_importing_it_brings_no_other_cryptography() -> None:
    code = "import sys, equipoise.proofs.independent; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert "equipoise.proofs.independent.band" in loaded
    assert not loaded & {"py_arkworks_bls12381", "cryptography", "numpy", "numba", "faust"}
    ours = {name for name in loaded if name.startswith("equipoise.")}
    assert {name for name in ours if ".independent" not in name} <= {"equipoise.proofs"}


def test_the_reasons_are_those_of_the_spec() -> None:
    text = (ROOT / "proofs" / "SPEC.md").read_text()
    for kind, reasons in (("Malformed", MALFORMED_REASONS), ("Invalid", INVALID_REASONS)):
        listed = re.search(rf"^{kind}: `([a-z -]+)`", text, re.MULTILINE)
        assert listed
        assert set(listed[1].split()) == reasons
    used = set()
    for path in FOLDER.glob("*.py"):
        if path.name != "verdict.py":
            used |= set(re.findall(r'"([a-z]+(?:-[a-z]+)+|truncated|content|signature)"', path.read_text()))
    assert used >= MALFORMED_REASONS | INVALID_REASONS


def test_the_exports() -> None:
    assert package.__all__ == [
        "Verdict",
        "verify",
        "verify_bundle",
        "verify_chain",
        "verify_equivocation",
        "verify_history",
    ]
    assert all(hasattr(package, name) for name in package.__all__)
