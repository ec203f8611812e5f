"""`equipoise prove`: attest windows of orders from a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from equipoise.proofs.errors import Invalid, LimitExceeded, SequenceReused
from equipoise.proofs.files import Day, read_orders
from equipoise.proofs.header import OPEN, THRESHOLD, stream_id
from equipoise.proofs.keys import Identity
from equipoise.proofs.orders import Order
from equipoise.proofs.policy import PrivacyPolicy
from equipoise.proofs.prover.jobs import AUDIT, TOTALS, Job, prove
from equipoise.proofs.prover.journal import private_folder, write_durably
from equipoise.proofs.publisher import Publisher, State
from equipoise.proofs.window import Terms
from equipoise.streams.cli.proof_options import (
    FILE,
    failing,
    journal_of,
    journals_of,
    load_history,
    load_identity,
    passphrase,
    passphrase_options,
    within,
)

PUBLIC = 0o644
_EDGES = "-10,-6,-2,2,6,11"


def _venue(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if ":" not in value:
        raise click.BadParameter(f"{value!r}: must be VENUE:SYMBOL, for example BINANCE:BTCUSDT")
    return value


@click.command(name="prove")
@click.argument("orders", type=FILE)
@click.option("--key", "key_file", required=True, type=FILE)
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the bundles.")
@click.option("--stream", required=True, help="Name of the publisher's stream.")
@click.option("--instrument", required=True, callback=_venue, help="VENUE:SYMBOL.")
@click.option("--lot", default="1", show_default=True, help="One lot, in units of the underlying.")
@click.option("--cluster", default="file", show_default=True, help="Kafka cluster or recording.")
@click.option("--window", "window_s", default=60, show_default=True, type=click.IntRange(1), help="Seconds.")
@click.option("--threshold", is_flag=True, help="Prove a band of the imbalance instead of opening the totals.")
@click.option("--edges", default=_EDGES, show_default=True, help="Bands' edges over --denominator, from -q to q+1.")
@click.option("--denominator", "q", default=10, show_default=True, type=click.IntRange(1, 1024))
@click.option("--least-volume", "v_min", default=1, show_default=True, type=click.IntRange(1), help="Lots.")
@click.option("--min-traders", default=5, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--dominance", default=0.6, show_default=True, callback=within(1e-6, 1, ""),
    help="Largest share of one trader in a side.",
)  # fmt: skip
@click.option("--wide", is_flag=True, help="64-bit receipts, for windows beyond 2^32 lots.")
@click.option("--audit/--no-audit", default=True, show_default=True, help="Include every leaf's commitments.")
@click.option("--history", type=FILE, help="Refuse to sign what this key history does not let the key sign.")
@passphrase_options
def command(
    orders: Path,
    key_file: Path,
    out: Path,
    window_s: int,
    audit: bool,
    history: Path | None,
    passphrase_file: Path | None,
    **terms: object,
) -> None:
    """Attest each window of ORDERS (CSV), without revealing an order.

    ORDERS has the columns participant, order_id, event_time_ns, buy, sell (whole lots). For
    each window OUT gets NUMBER.eqp, which anybody may see, and private/NUMBER.job, which
    receipts are made from and nobody else may see. A window with too few traders is merged
    into the next. Running again with later orders continues the chain. KEY.journals, beside
    the key, remembers what was signed: move it with the key.

    \b
    Example:
      equipoise keys new me.key --history me.history
      equipoise prove orders.csv --key me.key --out day \\
          --stream demo --instrument BINANCE:BTCUSDT
      equipoise verify day/*.eqp --chain --history me.history
    """
    with failing():
        identity = load_identity(key_file, passphrase(passphrase_file))
        held, width = _terms(terms), window_s * 1_000_000_000
        out.mkdir(parents=True, exist_ok=True)
        private_folder(out / "private")
        place = out / "private" / "state"
        state = State.from_body(place.read_bytes()) if place.exists() else State()
        placed = _in_turn(read_orders(orders, held.range_bits), state, out)
        if history is not None:
            _may_sign(history, identity, placed, width)
        journal = journal_of(key_file, stream_id(held.stream, held.instrument, held.cluster))
        publisher = Publisher(held, identity.blinding, identity.signer, state, journal)
        day, count = Day(publisher, width), 0
        try:
            for window, closed in day.close_all(placed):
                job = Job(closed.header, closed.t0, TOTALS | (AUDIT if audit else 0), tuple(window.orders))
                name = f"{closed.t0.sequence:08d}"
                write_durably(out / "private" / f"{name}.job", job.body())
                write_durably(out / f"{name}.eqp", prove(job, identity.blinding).encode(), PUBLIC)
                write_durably(place, publisher.state.body())
                count += 1
        except SequenceReused as fault:
            raise _signed_before(fault, key_file, held) from None
        finally:
            journal.close()
    _report(day, count, out, identity)


def _in_turn(orders: list[Order], state: State, out: Path) -> list[Order]:
    """The orders, none of which is from a time that has been attested."""
    early = sum(order.event_time_ns < state.last_end for order in orders)
    if early:
        raise LimitExceeded(
            f"{early} of {len(orders)} orders are from before {state.last_end}, up to which {out} is attested already: "
            "give later orders only, or begin another chain with another --stream and --out"
        )
    return orders


def _may_sign(path: Path, identity: Identity, orders: Sequence[Order], width: int) -> None:
    """LimitExceeded where verifiers would refuse the key at the end of the first or of the last window."""
    ends = [(order.event_time_ns // width + 1) * width for order in orders]
    history = load_history(path)
    for end in {min(ends), max(ends)} if ends else ():
        try:
            history.judge(identity.public, end)
        except Invalid as fault:
            raise LimitExceeded(
                f"{path}: verifiers would refuse this key for a window that ends at {end}: {fault}"
            ) from None


def _signed_before(fault: SequenceReused, key_file: Path, terms: Terms) -> click.ClickException:
    return click.ClickException(
        f"{fault}. {journals_of(key_file)} remembers what this key signed for stream {terms.stream!r}: go on in the "
        "folder where that was published (after an interrupted run: with the same orders), or take another --stream"
    )


def _report(day: Day, count: int, out: Path, identity: Identity) -> None:
    if day.left is not None:
        first, number = day.left.start, len(day.left.orders)
        rest = f"{number} orders from {first} ns on are not attested ({day.refusal}): give them again with later ones"
        if not count:
            raise click.ClickException(f"no window was attested: {rest}")
        click.echo(rest)
    click.echo(f"{count} windows attested in {out}, by key {identity.public.hex()}")


def _terms(given: dict[str, object]) -> Terms:
    threshold, wide = given.pop("threshold"), given.pop("wide")
    edges, q, v_min = str(given.pop("edges")), given.pop("q"), given.pop("v_min")
    dominance, least = given.pop("dominance"), given.pop("min_traders")
    assert isinstance(dominance, float)
    assert isinstance(least, int)
    policy = PrivacyPolicy(least, round(dominance * 1_000_000))
    bands: dict[str, object] = {"mode": OPEN}
    if threshold:
        try:
            bands = {"mode": THRESHOLD, "q": q, "v_min": v_min, "edges": tuple(int(e) for e in edges.split(","))}
        except ValueError:
            raise click.BadParameter(f"{edges!r}: whole numbers with commas between", param_hint="--edges") from None
    return Terms(policy=policy, range_bits=64 if wide else 32, **given, **bands)  # type: ignore[arg-type]
