"""The rebuilt Binance books beside hftbacktest's, stamp by stamp."""

import polars as pl
import pytest

from tests.oracles import binance, compare, elsewhere, hftbacktest

pytestmark = [pytest.mark.recorded, pytest.mark.slow, pytest.mark.xdist_group("replay-recorded")]

# The figures of docs/recorded-books.md.
EXPECTED = {
    "usdm-btcusdt": {compare.AGREE: 27_863, hftbacktest.OLDER_SNAPSHOT: 1},
    "usdm-ethusdt": {compare.AGREE: 20_662},
    "cm-btcusd_perp": {compare.AGREE: 29_107, hftbacktest.BEFORE_SNAPSHOT: 26},
    "cm-ethusd_perp": {compare.AGREE: 24_617, hftbacktest.BEFORE_SNAPSHOT: 24},
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_book_is_hftbacktests(shared_data, ran, name):
    python = elsewhere.or_skip(hftbacktest.REQUIREMENT)
    contract = binance.CONTRACTS[name]
    path = shared_data / "binance-hftbacktest" / contract.path
    theirs = hftbacktest.book(python, path, contract)
    assert not theirs["record"].null_count()
    rebuilt = pl.read_parquet(ran(name).folder / "book.parquet")
    causes = hftbacktest.beside(rebuilt, theirs, path, contract)
    print(f"{name}: {len(theirs):,} rows compared, {len(theirs) - causes[compare.AGREE]:,} differing: {causes}")
    assert causes == EXPECTED[name] | {compare.UNEXPLAINED: 0}
    wrong = rebuilt.with_columns(pl.col("bid_qty") + 1)
    assert hftbacktest.beside(wrong, theirs, path, contract)[compare.UNEXPLAINED] > 20_000
