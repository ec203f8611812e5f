"""Requests to a registry: TLS, credentials, pauses before another attempt, and typed errors.

No secret reaches a message or a repr.
"""

import base64
import json
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from equipoise.schemas.errors import (
    IncompatibleError,
    RegistryError,
    RegistryUnavailableError,
    SchemasError,
    UnknownSchemaError,
)

_CONTENT: Final = "application/vnd.schemaregistry.v1+json"
_RETRIED: Final = frozenset({408, 429, 500, 502, 503, 504})
_MAX_ANSWER: Final = 16 * 2**20  # bytes; a schema is a few KiB


@dataclass(frozen=True, slots=True)
class RegistrySettings:
    """Where the registry is and how to reach it. Secrets are not in the repr."""

    url: str  # base address, e.g. https://registry:8081 or http://host/apis/ccompat/v7
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None  # certificates to trust instead of the system's
    cert_file: Path | None = None  # the client's certificate
    key_file: Path | None = None
    timeout_s: float = 5.0  # of one attempt
    attempts: int = 5
    backoff_s: float = 0.2  # before the second attempt; doubles each time
    missing_s: float = 30.0  # for how long an unknown id is not asked for again

    def __post_init__(self) -> None:
        parts = urllib.parse.urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise RegistryError(f"registry url: {redacted(self.url)!r}, expected http://HOST… or https://HOST…")
        if parts.username is not None:  # http://user:password@host: keep the secret out of every message
            host = parts.netloc.rpartition("@")[2]
            object.__setattr__(self, "url", urllib.parse.urlunsplit(parts._replace(netloc=host)))
            object.__setattr__(self, "user", self.user or urllib.parse.unquote(parts.username))
            object.__setattr__(self, "password", self.password or urllib.parse.unquote(parts.password or ""))
        if self.attempts < 1:
            raise RegistryError(f"registry attempts: {self.attempts}, expected ≥ 1")


class Http:
    """JSON requests below one base address."""

    def __init__(self, settings: RegistrySettings, sleep: Callable[[float], None] = time.sleep) -> None:
        self._settings = settings
        self._base = settings.url.rstrip("/")
        self._sleep = sleep
        self._opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=_tls(settings)))

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON answer; asked again after a pause where that may help.

        Raises
        ------
        UnknownSchemaError
            404.
        IncompatibleError
            409.
        RegistryUnavailableError
            No answer, or an answer that says "later", in every attempt.
        RegistryError
            Any other refusal.
        """
        pause = self._settings.backoff_s
        for attempt in range(1, self._settings.attempts + 1):
            try:
                return self._once(method, path, body)
            except RegistryUnavailableError as error:
                if attempt == self._settings.attempts:
                    raise RegistryUnavailableError(f"{error} ({attempt} attempts)") from error
            self._sleep(pause)
            pause *= 2
        raise AssertionError("unreachable")

    def _once(self, method: str, path: str, body: Any) -> Any:
        request = urllib.request.Request(self._base + path, method=method)  # noqa: S310  (scheme checked in settings)
        request.add_header("Accept", f"{_CONTENT}, application/json")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", _CONTENT)
        if self._settings.user:
            secret = base64.b64encode(f"{self._settings.user}:{self._settings.password}".encode()).decode()
            request.add_unredirected_header("Authorization", f"Basic {secret}")
        try:
            with self._opener.open(request, timeout=self._settings.timeout_s) as answer:
                return _json(answer.read(_MAX_ANSWER + 1), f"{method} {self._base}{path}")
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(error, f"{method} {self._base}{path}") from error
        except (OSError, ssl.SSLError) as error:
            reason = getattr(error, "reason", error)
            raise RegistryUnavailableError(f"registry {self._base}: {reason}") from error


def redacted(url: str) -> str:
    """A URL without the user and password that may stand in it."""
    head, at, host = url.rpartition("@")
    return f"{head.partition('//')[0]}//***@{host}" if at else url


def _tls(settings: RegistrySettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(settings.ca_file) if settings.ca_file else None)
        if settings.cert_file:
            context.load_cert_chain(settings.cert_file, settings.key_file)
    except (OSError, ssl.SSLError) as error:
        raise RegistryError(f"registry TLS files: {error}") from error
    return context


def _refusal(error: urllib.error.HTTPError, what: str) -> SchemasError:
    """The typed error of a status."""
    try:
        answer = json.loads(error.read(65536))
        said = str(answer.get("message", answer)) if isinstance(answer, dict) else str(answer)
    except (ValueError, OSError):
        said = str(error.reason)
    if error.code in _RETRIED:
        return RegistryUnavailableError(f"{what}: {error.code} {said}")
    if error.code == 404:
        return UnknownSchemaError(f"{what}: {said}")
    if error.code in (401, 403):
        return RegistryError(f"{what}: {error.code}, the registry refuses these credentials ({said})")
    if error.code == 409:
        return IncompatibleError(f"{what}: {said}")
    return RegistryError(f"{what}: {error.code} {said}")


def _json(data: bytes, what: str) -> Any:
    if len(data) > _MAX_ANSWER:
        raise RegistryError(f"{what}: answer above {_MAX_ANSWER} bytes")
    try:
        return json.loads(data)
    except ValueError as error:
        raise RegistryError(f"{what}: the answer is no JSON") from error
