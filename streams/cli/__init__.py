"""The `equipoise` command: a group that imports a subcommand only when it is asked for.

Lazy, because the light install has no Faust and no numba, and because `equipoise --help` should not
wait for a second of imports. Subcommand NAME lives in `streams/cli/NAME.py`, as a click command
called `command`; its line in `COMMANDS` is what the list of commands shows without importing it.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Final, NamedTuple

import click


class Entry(NamedTuple):
    """What is known of a subcommand before it is imported."""

    extra: str  # what to install for it; empty: the bare install is enough
    help: str  # the line in `equipoise --help`


COMMANDS: Final = {
    "demo": Entry("demo", "Watch simulated or recorded order flow turn into signals."),
    "worker": Entry("worker", "Run the stream: orders and mempool in, signals out."),
    "backtest": Entry("worker", "Run a recording through the same engine, without Kafka."),
    "publish": Entry("worker", "Send a recording or the simulator to Kafka topics."),
    "simulate": Entry("worker", "Write a simulated market to a file."),
    "consume": Entry("reader", "Print the signals that a pricing service would use."),
    "explain": Entry("worker", "Recompute one signal from its source records."),
    "compare": Entry("worker", "Set our numbers beside an exchange's own bars."),
    "topics": Entry("worker", "Create and check the topics."),
    "schemas": Entry("", "Show, register and check the record schemas."),
    "measures": Entry("worker", "List the measures, or teach one: formula, unit, paper, cost."),
    "config": Entry("worker", "Show every setting, with unit, default and why."),
    "doctor": Entry("worker", "Check broker, topics, registry, clock and kernels."),
    "prove": Entry("proofs", "Attest a window of orders."),
    "verify": Entry("proofs", "Check an attestation."),
    "receipt": Entry("proofs", "Prove or check that one order is counted."),
    "audit": Entry("proofs", "Re-sum every commitment of a window."),
    "keys": Entry("proofs", "Make, rotate and revoke signing keys."),
}


class LazyGroup(click.Group):
    """Finds commands in `COMMANDS`, and says which extra a missing import needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands that this version has, in the table's order."""
        del ctx
        return [name for name in COMMANDS if find_spec(f"{__name__}.{name}")]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import `cmd_name`, or return None where there is no such command."""
        if cmd_name not in self.list_commands(ctx):
            return None
        try:
            command = import_module(f"{__name__}.{cmd_name}").command
        except ModuleNotFoundError as error:
            raise needs(cmd_name, error) from error
        assert isinstance(command, click.Command), f"streams/cli/{cmd_name}.py: `command` is no click command"
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by their lines in `COMMANDS`: click's own way imports every one."""
        rows = [(name, COMMANDS[name].help) for name in self.list_commands(ctx)]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; an import that fails while it runs is explained as well."""
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            raise needs(ctx.invoked_subcommand or "", error) from error


def needs(name: str, error: ModuleNotFoundError) -> Exception:
    """The sentence that says what to install; the error itself where one of our own modules is missing."""
    if (error.name or "").startswith("equipoise") or name not in COMMANDS:
        return error
    extra = COMMANDS[name].extra
    what = f"equipoise[{extra}]" if extra else "equipoise"
    return click.ClickException(f"equipoise {name} needs: pip install '{what}' (no module named {error.name!r})")


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="equipoise", prog_name="equipoise")
def main() -> None:
    """Order flow in, spread and fee signals out.

    Start with `equipoise demo`: it needs no Kafka. With a cluster of your own, `equipoise doctor`
    says what is missing, `equipoise topics create` makes the topics, `equipoise worker` runs the stream.
    """
