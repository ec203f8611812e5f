"""What the papers found, looked for on the recordings: `python -m benchmarks.findings FOLDER > docs/findings.md`."""
