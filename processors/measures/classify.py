"""Who was the aggressor, where the venue does not say: rules that look at one trade and the quotes before it.

Every rule gives 1 (buy), -1 (sell) or 0 (cannot tell). Prices in ticks, quotes strictly before the trade.

- tick: above the last different price is a buy, below it a sell; a zero tick carries the last sign.
- quote: above the mid is a buy, below it a sell.
- Lee, Ready, Inferring Trade Direction from Intraday Data, J. Finance 46 (1991): quote, and tick at the mid.
- Ellis, Michaely, O'Hara, The Accuracy of Trade Classification Rules, JFQA 35 (2000): at the ask a buy, at the
  bid a sell, and tick elsewhere.
- Chakrabarty, Li, Nguyen, Van Ness, Trade Classification Algorithms for ECNs, J. Banking & Finance 31 (2007):
  quote within 30 % of the spread from the ask or the bid, and tick elsewhere, outside of the quotes too.

Bulk classification is in `vpin`.
"""

from typing import Final

from equipoise.processors.columns import NULL
from equipoise.processors.jit import inner
from equipoise.processors.measures.measure import Array

TICK, QUOTE, LEE_READY, EMO, CLNV = 0, 1, 2, 3, 4
RULES: Final = ("tick", "quote", "lee_ready", "emo", "clnv")


@inner
def tick(state: Array, price: int) -> int:
    """Sign by the tick rule; keeps `last_price` and `last_tick` of `state`, which begins as zeros."""
    if state.priced == 1:
        if price > state.last_price:
            state.last_tick = 1
        elif price < state.last_price:
            state.last_tick = -1
    state.priced = 1
    state.last_price = price
    return state.last_tick


@inner
def quote(price: int, bid: int, ask: int) -> int:
    """Sign by the quote rule; 0 at the mid, without both quotes, and in a crossed book."""
    if bid == NULL or ask == NULL or bid > ask:
        return 0
    twice = 2 * price
    mid = bid + ask
    return 1 if twice > mid else (-1 if twice < mid else 0)


@inner
def by_rule(rule: int, price: int, bid: int, ask: int, of_tick: int) -> int:
    """Sign by one of the rules, given that of the tick rule."""
    of_quote = quote(price, bid, ask)
    if rule == TICK:
        return of_tick
    if rule == QUOTE:
        return of_quote
    if rule == LEE_READY:
        return of_quote if of_quote != 0 else of_tick
    if bid == NULL or ask == NULL or bid > ask:
        return of_tick
    if rule == EMO:
        near_ask, near_bid = price == ask, price == bid
    else:
        band = 3 * (ask - bid)
        near_ask = price <= ask and 10 * (ask - price) <= band
        near_bid = price >= bid and 10 * (price - bid) <= band
    return of_quote if near_ask != near_bid else of_tick
