"""Proofs on disk: one JSON file for each task and model in the folder `proofs` beside the config, to be reviewed and
committed like the config itself."""

import hashlib
from collections.abc import Collection
from dataclasses import asdict, replace
from pathlib import Path
from urllib.parse import quote

import orjson
from pydantic import TypeAdapter, ValidationError

from weighbridge.domain.errors import ConfigError, ConfigProblem
from weighbridge.domain.proof import Proof

FOLDER = "proofs"
_OPTIONS = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_SORT_KEYS


def read_proofs(folder: Path, tasks: Collection[str]) -> tuple[Proof, ...]:
    """The proofs of `tasks` beside a config. Raises ConfigError for a file that is no proof, was changed by hand, or
    stands where another one belongs."""
    problems, proofs = list[ConfigProblem](), list[Proof]()
    for file in proof_files(folder):
        if file.parent.name not in tasks:
            continue
        try:
            proofs.append(_read(file, folder))
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
    path = _place(proof, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".tmp")
    draft.write_bytes(orjson.dumps(asdict(sealed), option=_OPTIONS))
    draft.replace(path)
    return path


def _place(proof: Proof, folder: Path) -> Path:
    return folder / FOLDER / proof.task / f"{quote(proof.model, safe='')}.json"


def seal_of(proof: Proof) -> str:
    """sha256 over everything but the digest itself. It tells an accident from a proof; who may commit is for the
    repository to say."""
    content = {name: value for name, value in asdict(proof).items() if name != "digest"}
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _read(file: Path, folder: Path) -> Proof:
    try:
        proof = TypeAdapter(Proof).validate_json(file.read_bytes())
    except (OSError, ValidationError):
        raise ValueError("a proof that `weighbridge eval gate` wrote; delete it and make it anew") from None
    if proof.digest != seal_of(proof):
        raise ValueError("a proof that nobody changed; its digest does not fit, so delete it and make it anew")
    if file != _place(proof, folder):
        raise ValueError(
            f"the proof of this task and model; it is that of {proof.task} and {proof.model}, so delete it"
        )
    return proof
