"""The `equipoise` command."""


def main() -> None:
    """Placeholder until the commands land."""
    raise SystemExit("equipoise: no command yet")
