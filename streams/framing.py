"""Which schema ids our records carry, and where: before the payload or in a header."""

from collections.abc import Iterable

from equipoise.schemas.codec import schema_text
from equipoise.schemas.local import BuiltIn, LocalRegistry, SchemaSource
from equipoise.schemas.registry import Registry, RegistrySettings
from equipoise.schemas.wire import id_header, prefix
from equipoise.streams.frames import Frame
from equipoise.streams.outgoing import WRITTEN
from equipoise.streams.settings import Settings, WireFormat


def schema_source(settings: Settings) -> SchemaSource:
    """The registry that is configured; without one a local file, or the ids that come with the package."""
    registry = settings.registry
    if registry.url:
        return Registry(
            RegistrySettings(
                url=registry.url,
                user=registry.username,
                password=registry.password.get_secret_value(),
                ca_file=registry.ssl_ca_file,
                cert_file=registry.ssl_cert_file,
                key_file=registry.ssl_key_file,
            )
        )
    return LocalRegistry(registry.ids_file) if registry.ids_file else BuiltIn()


def framing(settings: Settings, source: SchemaSource, schemas: Iterable[str] = WRITTEN) -> dict[str, Frame]:
    """By schema, having registered (or looked up) what we write. Raises the errors of `SchemaSource.register`."""
    topics = settings.topics
    names = {
        "SpreadSignal": topics.spread_signals,
        "FeeSignal": topics.fee_signals,
        "ImbalanceWindow": topics.imbalance,
        "SwapIntent": topics.intents,
    }
    ids = {name: source.register(f"{names[name]}-value", schema_text(name)) for name in schemas}
    if settings.delivery.wire_format is WireFormat.HEADER:
        return {name: Frame(b"", [id_header(number)]) for name, number in ids.items()}
    return {name: Frame(prefix(number), []) for name, number in ids.items()}
