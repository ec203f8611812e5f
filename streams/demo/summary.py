"""What the demo says at its end, and whether it went well."""

from dataclasses import dataclass, field
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from equipoise.streams.demo.collector import Collector
from equipoise.streams.demo.names import MEMPOOL, ORDERS
from equipoise.streams.demo.options import Options
from equipoise.streams.web.view import View

LAST: Final = 6
OUTCOMES: Final = ("used", "late", "flagged", "dead-lettered")
NUMBERS: Final = ("bid", "mid", "ask", "score")
COLUMNS: Final = ("as_of", "kind", "trigger", "regime", "status", *NUMBERS)


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts, latencies, the last signals; `problems` is empty if all went well."""

    view: View
    counts: dict[str, int]
    latency_ms: dict[str, float | None]
    last: list[dict[str, Any]]
    problems: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, collector: Collector, options: Options, problems: list[str]) -> "Summary":
        """From what the collector saw; adds the problems that the numbers show."""
        view, foot, accounts = collector.view(), collector.board.foot, collector.accounts
        counts = {
            "orders sent": collector.sent.get(ORDERS, 0),
            "transactions sent": collector.sent.get(MEMPOOL, 0),
            "swap intents": accounts.total("in", collector.intents_topic),
            "records in": accounts.total("in"),
            "used": accounts.total("used"),
            "late": accounts.total("late"),
            "flagged": accounts.total("flagged"),
            "dead-lettered": accounts.total("dead_lettered"),
            "spread signals": collector.spreads,
            "fee signals": collector.fees,
            "windows": collector.windows,
        }
        latency = {name: foot.percentile(share, None) for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))}
        found = list(problems)
        if not counts["records in"]:
            found.append("no record reached the worker")
        sent = counts["orders sent"] + counts["transactions sent"] + counts["swap intents"]
        if not problems and counts["records in"] != sent:
            found.append(f"{sent} records were sent, {counts['records in']} came in")
        if not collector.signals:
            found.append("no signal came out")
        if not accounts.adds_up():
            found.append("the worker's outcomes do not add up to the records that it read")
        if collector.dead != counts["dead-lettered"]:
            found.append(f"{collector.dead} dead letters were seen, {counts['dead-lettered']} were counted")
        del options
        return cls(view, counts, latency, view["signals"][:LAST], found)

    def print(self, console: Console) -> None:
        """For people."""
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        for name, number in self.counts.items():
            table.add_row(name, f"{number:,}")
        table.add_row("order → signal", ", ".join(f"{k} {_ms(v)}" for k, v in self.latency_ms.items()))
        if losses := self.view["losses"]:
            table.add_row("lost to informed", f"fixed spread {losses['fixed']}, ours {losses['ours']} (simulated)")
            table.add_row("", losses["verdict"])
        console.print(table)
        outcomes = " + ".join(f"{self.counts[name]:,} {name}" for name in OUTCOMES)
        console.print(f"Accounting: {outcomes} = {self.counts['records in']:,} records in.", soft_wrap=True)
        console.print(f"Last signals of {self.view['instrument']}:")
        last = Table(box=None, padding=(0, 2, 0, 0))
        for name in COLUMNS:
            last.add_column(name.replace("_", " "), justify="right" if name in NUMBERS else "left")
        for signal in self.last:
            last.add_row(*(str(signal[name]) for name in COLUMNS))
        console.print(last)


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f} ms"
