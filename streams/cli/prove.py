"""`equipoise prove`: attest windows of orders from a file."""

from __future__ import annotations

from pathlib import Path

import click

from equipoise.proofs.errors import ProofError
from equipoise.proofs.files import Day, read_orders
from equipoise.proofs.header import OPEN, THRESHOLD
from equipoise.proofs.keys import write_private
from equipoise.proofs.policy import PrivacyPolicy
from equipoise.proofs.prover.jobs import AUDIT, TOTALS, Job, prove
from equipoise.proofs.prover.journal import Journal, write_durably
from equipoise.proofs.publisher import Publisher, State
from equipoise.proofs.window import Terms
from equipoise.streams.cli.keys import load_identity, passphrase_options

_EDGES = "-10,-6,-2,2,6,11"


@click.command(name="prove")
@click.argument("orders", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", "key_file", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the bundles.")
@click.option("--stream", required=True, help="Name of the publisher's stream.")
@click.option("--instrument", required=True, help="VENUE:SYMBOL.")
@click.option("--lot", default="1", show_default=True, help="One lot, in units of the underlying.")
@click.option("--cluster", default="file", show_default=True, help="Kafka cluster or recording.")
@click.option("--window", "window_s", default=60, show_default=True, type=click.IntRange(1), help="Seconds.")
@click.option("--threshold", is_flag=True, help="Prove a band of the imbalance instead of opening the totals.")
@click.option("--edges", default=_EDGES, show_default=True, help="Bands' edges over --denominator, from -q to q+1.")
@click.option("--denominator", "q", default=10, show_default=True, type=click.IntRange(1, 1024))
@click.option("--least-volume", "v_min", default=1, show_default=True, type=click.IntRange(1), help="Lots.")
@click.option("--min-traders", default=5, show_default=True, type=click.IntRange(0, 65535))
@click.option("--dominance", default=0.6, show_default=True, help="Largest share of one trader in a side.")
@click.option("--wide", is_flag=True, help="64-bit receipts, for windows beyond 2^32 lots.")
@click.option("--audit/--no-audit", default=True, show_default=True, help="Include every leaf's commitments.")
@passphrase_options
def command(
    orders: Path,
    key_file: Path,
    out: Path,
    window_s: int,
    audit: bool,
    passphrase_file: Path | None,
    **terms: object,
) -> None:
    """Attest each window of ORDERS (CSV), without revealing an order.

    ORDERS has the columns participant, order_id, event_time_ns, buy, sell (whole lots). For
    each window OUT gets NUMBER.eqp, which anybody may see, and private/NUMBER.job, which
    receipts are made from and nobody else may see. A window with too few traders is merged
    into the next. Running again continues the chain.

    \b
    Example:
      equipoise keys new me.key --history me.history
      equipoise prove orders.csv --key me.key --out day \\
          --stream demo --instrument BINANCE:BTCUSDT
      equipoise verify day/*.eqp --chain --history me.history
    """
    try:
        identity = load_identity(key_file, passphrase_file)
        (out / "private").mkdir(mode=0o700, parents=True, exist_ok=True)
        journal = Journal(out / "private" / "journal")
        place = out / "private" / "state"
        state = State.from_body(place.read_bytes()) if place.exists() else State()
        publisher = Publisher(_terms(terms), identity.blinding, identity.signer, state, journal)
        count = 0
        for window, closed in Day(publisher, window_s * 1_000_000_000).close_all(read_orders(orders)):
            job = Job(closed.header, closed.t0, TOTALS | (AUDIT if audit else 0), tuple(window.orders))
            bundle = prove(job, identity.blinding)
            name = f"{closed.t0.sequence:08d}"
            (out / f"{name}.eqp").write_bytes(bundle.encode())
            (out / "private" / f"{name}.job").unlink(missing_ok=True)
            write_private(out / "private" / f"{name}.job", job.body())
            write_durably(place, publisher.state.body())
            count += 1
        journal.close()
    except ProofError as fault:
        raise click.ClickException(str(fault)) from None
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
