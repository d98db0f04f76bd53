"""Secrets stand in the config by reference only: `${env:NAME}` or `${file:PATH}`."""

import re
from collections.abc import Mapping
from pathlib import Path

from weighbridge.domain.secret import Secret

REFERENCE = re.compile(r"\$\{(env|file):([^{}\n]{1,500})\}")
EXPECTED = "a reference, ${env:NAME} or ${file:PATH}; the secret itself never stands in the config"
LARGEST_BYTES = 64 * 1024


def resolve_secret(reference: str, env: Mapping[str, str], folder: Path) -> Secret:
    """The secret behind a reference; paths count from `folder`. Raises ValueError that says what is needed.

    The error never repeats `reference`: it may be a literal secret that somebody wrote by mistake.
    """
    match = REFERENCE.fullmatch(reference)
    if match is None:
        raise ValueError(EXPECTED)
    kind, name = match.groups()
    value = _from_env(name, env) if kind == "env" else _from_file(folder / name, name)
    return Secret(reference, value)


def secret_files(text: str, folder: Path) -> list[Path]:
    """The files that the references in `text` name."""
    return [folder / match[2] for match in REFERENCE.finditer(text) if match[1] == "file"]


def _from_env(name: str, env: Mapping[str, str]) -> str:
    value = env.get(name, "").strip()
    if not value:
        raise ValueError(f"the environment variable {name} to be set and not empty")
    return _sendable(value, f"the environment variable {name}")


def _from_file(path: Path, name: str) -> str:
    try:
        with path.open("rb") as opened:
            content = opened.read(LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "it cannot be read").lower()
        raise ValueError(f"the file {name} to be readable ({reason})") from None
    if len(content) > LARGEST_BYTES:
        raise ValueError(f"the file {name} to have at most {LARGEST_BYTES} bytes")
    value = content.decode("utf-8-sig", errors="replace").strip()
    if not value:
        raise ValueError(f"the file {name} to hold the secret; it is empty")
    return _sendable(value, f"the file {name}")


def _sendable(value: str, source: str) -> str:
    if not (value.isascii() and value.isprintable()):
        raise ValueError(f"{source} to hold one line of printable ASCII, which is all that a header can carry")
    return value
