"""Which pools pending transactions are about, and how far they are believed."""

from pydantic import field_validator

from equipoise.streams.settings.base import Group, setting


class PoolMapping(Group):
    """A pool's address and the instrument that it trades."""

    address: str = setting("", "hexadecimal with 0x, as the records name it; case does not matter", min_length=1)
    instrument: str = setting("", "VENUE:SYMBOL", pattern=r"[^:]+:.+")
    inverted: bool = setting(False, "the pool's base asset is the instrument's quote asset: buys are sells")


class Mempool(Group):
    """Pending transactions. The probability of inclusion is a plain rule until it is calibrated on blocks."""

    pools: list[PoolMapping] = setting(
        [], "pools by address; a swap in another pool is known by the venue and symbol that its record names"
    )
    max_age_ms: int = setting(180_000, "given up after this much event time; what waits that long tells nothing", ge=1)
    transactions: int = setting(65_536, "pending at once; past it the longest pending one makes room", ge=1)
    remembered: int = setting(65_536, "ended hashes kept, so that late gossip does not bring them back", ge=1)
    least_inclusion: float = setting(0.35, "probability of inclusion of the lowest tip among those pending", ge=0, le=1)
    most_inclusion: float = setting(0.95, "probability of inclusion of the highest tip", ge=0, le=1)
    age_step_ms: int = setting(12_000, "the probability halves at this age, at twice it, four times, ...; a slot", ge=1)

    @field_validator("pools")
    @classmethod
    def _once(cls, pools: list[PoolMapping]) -> list[PoolMapping]:
        addresses = [pool.address.lower() for pool in pools]
        if twice := {address for address in addresses if addresses.count(address) > 1}:
            raise ValueError(f"address {min(twice)} is mapped more than once")
        return pools
