"""The stream: Faust app, agents, state, delivery, settings, the command line.

`install` is looked up only when it is used, so that the light install can import this package.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from equipoise.streams.app import install

__all__ = ["install"]


def __getattr__(name: str) -> object:
    if name == "install":
        from equipoise.streams.app import install

        return install
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
