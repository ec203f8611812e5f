"""The view in a terminal: live where there is one, a line a second where there is not."""

from typing import Any, Final

from rich.align import Align
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from equipoise.streams.web.plot import ASK, BAND, BID, MID, Plot, plot
from equipoise.streams.web.view import View

STYLES: Final = {ASK: "bold dark_orange", BID: "bold deep_sky_blue1", MID: "bold", BAND: "grey42"}
REGIME_STYLES: Final = {"·": "dim", "▒": "yellow", "▓": "dark_orange", "█": "magenta"}
SIDE: Final = 38  # columns of the panel beside the chart
WIDE: Final = 100  # terminals narrower than this have it beneath
TALL: Final = 42  # terminals of so many rows also show the contributions
FIXED_ROWS: Final = 13  # header, borders of the chart, sentence, figures, foot, and one that stays free
SIDE_ROWS: Final = 9
BARS_ROWS: Final = 9
MARKS: Final = {"todo": "○", "doing": "◐", "done": "●", "failed": "✕"}


def screen(view: View, steps: list[dict[str, str]], url: str, width: int, height: int) -> RenderableType:
    """Everything, as large as the terminal."""
    if any(step["state"] != "done" for step in steps):
        return setup(steps, url)
    wide = width >= WIDE
    explained = height >= TALL and view["simulated"]
    chart_rows = max(5, height - FIXED_ROWS - (0 if wide else SIDE_ROWS) - (BARS_ROWS if explained else 0))
    chart = chart_panel(view, max(20, width - (SIDE if wide else 0) - 17), chart_rows)
    side_rows = chart_rows + 4 if wide else SIDE_ROWS
    side = losses_panel(view["losses"], side_rows, wide) if view["simulated"] else bars_panel(view, 6, side_rows)
    middle: RenderableType = Group(chart, side)
    if wide:
        grid = Table.grid(expand=True)
        grid.add_column(ratio=1)
        grid.add_column(width=SIDE)
        grid.add_row(chart, side)
        middle = grid
    parts = [header(view, url), middle, sentence(view), figures(view, wide)]
    if explained:
        parts.append(bars_panel(view, 24, BARS_ROWS))
    return Group(*parts, foot(view["foot"]))


def setup(steps: list[dict[str, str]], url: str) -> RenderableType:
    """The steps, while not all are done."""
    lines = Text("\n")
    for step in steps:
        style = {"doing": "yellow", "done": "green", "failed": "red"}.get(step["state"], "dim")
        lines.append(f"  {MARKS[step['state']]} {step['what']}", style)
        lines.append(f"  {step['note']}\n" if step["note"] else "\n", "dim")
    lines.append(f"\n  The same on a page: {url}\n", "bold")
    return Panel(lines, title="equipoise demo: setting up", border_style="dim")


def header(view: View, url: str) -> RenderableType:
    """What is shown, and where the page is."""
    row = Table.grid(expand=True)
    row.add_column()
    row.add_column(justify="right")
    row.add_row(
        Text.assemble((f" {view['instrument']}", "bold"), f"  {view['title']}"),
        Text.assemble("page: ", (url, "underline"), ("   Ctrl-C ends it ", "dim")),
    )
    return row


def chart_panel(view: View, width: int, rows: int) -> RenderableType:
    """The chart with prices at its left, bursts above it and regimes below."""
    drawn = plot(view, width, rows)
    if drawn is None:
        return Panel(Align.center("no quote yet", vertical="middle"), height=rows + 4, border_style="dim")
    text = Text(no_wrap=True)
    text.append(" " * 12)
    text.append(drawn.bursts + "\n", "magenta")
    for number, row in enumerate(drawn.rows):
        text.append(_price_label(drawn, number, rows, view["decimals"]), "dim")
        for mark in row:
            text.append(mark, STYLES.get(mark, ""))
        text.append("\n")
    text.append("     regime ", "dim")
    for mark in drawn.regimes:
        text.append(mark, REGIME_STYLES.get(mark, ""))
    key = "▁ our ask  ─ mid  ▔ our bid   regime: · calm  ▒ elevated  ▓ stressed  █ halt"
    return Panel(text, title="last 60 seconds", subtitle=key, border_style="dim", height=rows + 4)


def _price_label(drawn: Plot, number: int, rows: int, decimals: int) -> str:
    if number not in (0, rows // 2, rows - 1):
        return " " * 12
    price = drawn.high - (drawn.high - drawn.low) * (number + 0.5) / rows
    return f"{price:>11,.{decimals}f} "


def losses_panel(totals: dict[str, Any] | None, height: int, explained: bool) -> RenderableType:
    """The two running totals."""
    title = "lost to informed (simulated)"
    if totals is None:
        return Panel("Counting starts with the first informed order.", title=title, height=height, border_style="dim")
    text = Text()
    for name, note, value, share, style in (
        ("Fixed spread", totals["fixed_note"], totals["fixed"], totals["fixed_share"], "grey62"),
        ("Ours", "as signalled", totals["ours"], totals["ours_share"], "deep_sky_blue1"),
    ):
        text.append(f"{name:<14}", "bold").append(f"{note:>19}\n", "dim")
        text.append(f"{value:>12} ", "bold").append("█" * round(share * 20) + "\n\n", style)
    text.append(totals["verdict"] + "\n", "bold")
    text.append(totals["lead"], "dim")
    if explained:
        text.append("\n" + totals["note"], "dim")
    return Panel(text, title=title, height=height, border_style="dim")


def sentence(view: View) -> RenderableType:
    """The one sentence, with room for two lines so that nothing below it jumps."""
    return Panel(Align(Text(view["sentence"], "bold"), vertical="middle"), height=4, border_style="dim")


def figures(view: View, wide: bool = True) -> RenderableType:
    """The numbers beneath the sentence; the first five where there is no room for more."""
    quote, fees = view["quote"], view["fees"]
    state = view["regime"].lower() if view["quote"] else "–"
    named = {
        "regime": state + ("" if view["status"] == "OK" else f" ({view['status'].lower()})"),
        "bid": f"{quote['bid']} (−{quote['bid_bps']})" if quote else "–",
        "mid": quote["mid"] if quote else "–",
        "ask": f"{quote['ask']} (+{quote['ask_bps']})" if quote else "–",
        "widened": quote["widen"] if quote else "–",
        "score": quote["score"] if quote else "–",
        "fee buys": f"{fees['buy']} bps" if fees else "–",
        "fee sells": f"{fees['sell']} bps" if fees else "–",
    }
    chosen = list(named.items())[: None if wide else 5]
    table = Table.grid(expand=True, padding=(0, 1))
    for name, _ in chosen:
        table.add_column(ratio=3 if name in ("bid", "ask") else 2, no_wrap=True)
    table.add_row(*(Text(name, "dim") for name, _ in chosen))
    table.add_row(*(Text(value, "bold") for _, value in chosen))
    return table


def bars_panel(view: View, width: int, height: int) -> RenderableType:
    """Contributions in a frame."""
    return Panel(bars(view, width), title="what the score is made of", height=height, border_style="dim")


def bars(view: View, width: int) -> RenderableType:
    """Contributions; each bar begins where the one above ends."""
    table = Table.grid(padding=(0, 1))
    reached = 0.0
    for part in view["components"]:
        length = part["contribution"]
        bar = Text(part["reason"], "dim") if length is None else _bar(reached, length, width)
        table.add_row(part["name"], bar, Text(part["contribution_text"], justify="right"))
        reached += length or 0.0
    score = view["quote"]["score"] if view["quote"] else "–"
    table.add_row(Text("Score", "bold"), _bar(0.0, reached, width), Text(score, "bold", justify="right"))
    return table


def _bar(start: float, length: float, width: int) -> Text:
    low, high = sorted((start, start + length))
    first, last = (round((at + 1) / 2 * 2 * width) for at in (low, high))
    text = Text()
    for cell in range(2 * width):
        inside = first <= cell < max(last, first + (length != 0))
        mark = ("█" if length > 0 else "▚") if inside else ("│" if cell == width else " ")
        text.append(mark, ("deep_sky_blue1" if length > 0 else "dark_orange") if inside else "dim")
    return text


def foot(values: dict[str, Any]) -> RenderableType:
    """Feed age, gaps, rate and latency."""
    text = Text(" ", no_wrap=True, overflow="ellipsis")
    for name, value in (
        ("feed age", values["age"]),
        ("gaps", values["gaps"]),
        ("records/s", values["rate"]),
        ("order→signal p99", values["p99"]),
        ("in", values["records"]),
        ("signals", values["signals"]),
        ("late", values["late"]),
        ("dead-lettered", values["dead"]),
    ):
        text.append(f"{name} ", "dim").append(f"{value}   ", "bold")
    return text


def line(view: View) -> str:
    """The view in one line, for logs and pipes."""
    quote, foot_values, losses = view["quote"], view["foot"], view["losses"]
    prices = f"{quote['bid']} | {quote['mid']} | {quote['ask']}" if quote else "no quote"
    lost = f" Lost to informed (simulated): fixed {losses['fixed']}, ours {losses['ours']}." if losses else ""
    return (
        f"{view['instrument']} {view['regime'].lower():8} {prices}  {view['sentence']}{lost} "
        f"[age {foot_values['age']}, {foot_values['rate']} records/s, p99 {foot_values['p99']}]"
    )
