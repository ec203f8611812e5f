"""What waits in the mempool, as the tab `Pending` shows it."""

from collections import OrderedDict
from typing import Any, Final

from equipoise.schemas.enums import Action, Side

ROWS: Final = 40
ENDED_SHOWN: Final = 8  # the last ones that are over, so that one sees what became of them


class Waiting:
    """Swap intents by id, the newest first."""

    def __init__(self) -> None:
        self._open: OrderedDict[int, dict[str, Any]] = OrderedDict()
        self._ended: OrderedDict[int, dict[str, Any]] = OrderedDict()
        self.seen = 0

    def take(self, record: dict[str, Any]) -> None:
        """A SwapIntent record."""
        row = _row(record)
        if record["action"] == Action.RETRACT.name:
            before = self._open.pop(record["intent_id"], row)
            self._ended[record["intent_id"]] = {**before, "state": row["state"], "chance": "–"}
            while len(self._ended) > ENDED_SHOWN:
                self._ended.popitem(last=False)
            return
        self.seen += record["intent_id"] not in self._open
        self._open.pop(record["replaces"], None)
        self._open[record["intent_id"]] = row

    def view(self) -> dict[str, Any]:
        """Rows and one sentence."""
        newest = list(reversed(self._open.values()))[: ROWS - ENDED_SHOWN]
        rows = [*newest, *reversed(self._ended.values())]
        buying = sum(row["expected"] for row in self._open.values() if row["side"] == "buys")
        selling = sum(row["expected"] for row in self._open.values() if row["side"] == "sells")
        note = (
            f"{len(self._open)} swaps wait: by their chances {buying:,} lots of buying and {selling:,} of selling "
            "are still to come. The last ones that are over stand below."
        )
        return {"rows": rows, "note": note if self.seen else "No swap has been seen in the mempool yet."}


def _row(record: dict[str, Any]) -> dict[str, Any]:
    transaction = record["transaction"]
    return {
        "id": f"{transaction[:10]}…{transaction[-4:]}",
        "key": f"{record['venue']}:{record['symbol']}",
        "side": "buys" if record["side"] == Side.BID.name else "sells",
        "lots": f"{record['expected']:,} of {record['amount']:,}",
        "expected": record["expected"],
        "chance": f"{record['inclusion_probability'] * 100:.0f} %",
        "state": {"SEEN": "waits"}.get(record["state"], record["state"].lower()),
    }
