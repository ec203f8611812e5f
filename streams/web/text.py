"""Numbers as people read them."""


def clock_text(ns: int) -> str:
    """Time of day, UTC, with milliseconds."""
    ms = ns // 1_000_000
    seconds = ms // 1000
    return f"{seconds // 3600 % 24:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{ms % 1000:03d}"


def signed(value: float | None, decimals: int) -> str:
    """A number with its sign, a real minus and no negative zero; a dash for null."""
    if value is None:
        return "–"
    text = f"{value:+.{decimals}f}".replace("-", "−")
    return text[1:] if float(f"{value:.{decimals}f}") == 0 else text


def bps(value: float | None) -> str:
    """Basis points, without needless decimals; a dash for null."""
    if value is None:
        return "–"
    text = f"{value:.1f}" if abs(value) < 99.95 else f"{value:.0f}"
    return text.removesuffix(".0")
