"""Proofs on disk: one JSON file for each task and model in the folder `proofs` beside the config, to be reviewed and
committed like the config itself."""

import hashlib
from dataclasses import asdict, replace
from pathlib import Path

import orjson
from pydantic import TypeAdapter, ValidationError

from weighbridge.domain.errors import ConfigError, ConfigProblem
from weighbridge.domain.proof import Proof

FOLDER = "proofs"
_OPTIONS = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_SORT_KEYS


def read_proofs(folder: Path) -> tuple[Proof, ...]:
    """All proofs beside a config. Raises ConfigError for a file that is no proof or was changed by hand."""
    problems, proofs = list[ConfigProblem](), list[Proof]()
    for file in proof_files(folder):
        try:
            proofs.append(_read(file))
        except ValueError as error:
            problems.append(ConfigProblem(str(file), 1, 1, "proof", str(error)))
    if problems:
        raise ConfigError(problems)
    return tuple(proofs)


def proof_files(folder: Path) -> list[Path]:
    """Their files, by name."""
    return sorted((folder / FOLDER).glob("*/*.json"))


def write_proof(proof: Proof, folder: Path) -> Path:
    """Write a proof with its digest, in place of an older one of the same task and model."""
    sealed = replace(proof, digest=seal_of(proof))
    path = folder / FOLDER / proof.task / f"{proof.model.replace('/', '_').replace(':', '_')}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".tmp")
    draft.write_bytes(orjson.dumps(asdict(sealed), option=_OPTIONS))
    draft.replace(path)
    return path


def seal_of(proof: Proof) -> str:
    """sha256 over everything but the digest itself. It tells an accident from a proof; who may commit is for the
    repository to say."""
    content = {name: value for name, value in asdict(proof).items() if name != "digest"}
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _read(file: Path) -> Proof:
    try:
        proof = TypeAdapter(Proof).validate_json(file.read_bytes())
    except (OSError, ValidationError):
        raise ValueError("a proof that `weighbridge eval gate` wrote; delete it and make it anew") from None
    if proof.digest != seal_of(proof):
        raise ValueError("a proof that nobody changed; its digest does not fit, so delete it and make it anew")
    return proof
