"""Answers of orderflow-metrics, run by a Python that has it and nothing of ours.

usage: python orderflow_metrics_run.py < QUESTION.json > ANSWER.json

Question: {"books": [[bids, asks], ...], "series": [...]}, levels as [price, size], best first. Answer: the multi-level
OFI of ten ranks between consecutive books, and the speed of mean reversion of the series.
"""

import json
import sys

from orderflow_metrics import mean_reversion_speed
from orderflow_metrics.mlofi import BookSnapshot, multi_level_ofi_series
from orderflow_metrics.orderbook import Level


def main() -> None:
    """Read, ask, write."""
    question = json.load(sys.stdin)
    books = [
        BookSnapshot(*([Level(float(price), float(size)) for price, size in side] for side in book))
        for book in question["books"]
    ]
    answer = {"ofi": multi_level_ofi_series(books, 10), "speed": mean_reversion_speed(question["series"])}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
