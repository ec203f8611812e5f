"""Order books rebuilt from rows: price levels, orders in time priority, snapshots and gaps."""
