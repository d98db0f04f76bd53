"""The command line: which commands there are, and how errors leave it."""

import builtins
import sys
from collections.abc import Sequence
from keyword import iskeyword

from cyclopts import App, CycloptsError

from weighbridge import __version__
from weighbridge.domain.errors import CommandError, ConfigError, WeighbridgeError

app = App(
    name="weighbridge",
    help="An LLM gateway that can prove why each model call was made.",
    version=__version__,
)
COMMANDS = {
    "demo": "Send three requests that take three different routes.",
    "ask": "Ask one question without any config; a mock answers when LLM_API_KEY is not set.",
    "serve": "Serve the gateway over HTTP.",
    "run": "Run a task once and say why it went that way.",
    "check": "Check a config and list everything that is wrong with it.",
    "explain": "Explain a record: every model with why it was kept or dropped, every attempt.",
    "records": "List records, newest first.",
    "advise": "Say which means fit a task, and draft its selection record.",
    "report": "Write the page for people who decide about money and risk.",
    "feedback": "Say what you think of an answer, to be kept with its record.",
}
for _name, _summary in COMMANDS.items():
    app.command(f"weighbridge.cli.{_name}:{_name}", name=_name, help=_summary)

GROUPS = {
    "eval": (
        "What a model is worth on a task.",
        {
            "run": "Ask every sample of a dataset and score the answers.",
            "compare": "Put models side by side: quality, speed, money, and which can be told apart.",
            "calibrate": "Choose the confidence below which the fallback is asked, with a guarantee.",
            "import": "Write a dataset of what people approved, corrected, labelled or liked.",
            "drift": "Show what traffic has done to proofs, and which models lost theirs.",
            "shadow": "Show how a challenger does beside the answers that callers got.",
            "gate": "Hold models against the task's floors and write their proofs; for CI.",
        },
    ),
    "budget": (
        "How full the budgets are.",
        {
            "show": "Show each budget with what is spent, held and left.",
            "check": "Hold every sum of the ledger against its book.",
            "reconcile": "Hold a provider's usage export against the records.",
        },
    ),
    "store": (
        "The record database.",
        {
            "show": "Show its version, and how far back it can be brought.",
            "back": "Bring it back to an earlier version, for an earlier Weighbridge.",
        },
    ),
    "keys": (
        "Keys that the gateway makes.",
        {
            "create": "Make a key and print it, this one time.",
            "list": "List keys with what they may do.",
            "rotate": "Make a new key for the same holder.",
            "revoke": "End a key at once.",
        },
    ),
    "audit": (
        "What was done, by whom.",
        {
            "show": "List entries, newest first.",
            "verify": "Walk the chain of hashes, and hold every record against its digest.",
        },
    ),
    "review": (
        "What waits for a person's decision.",
        {
            "list": "List items, newest first.",
            "show": "Show what was asked, what a model proposed, what is wrong with it, and what people did.",
            "claim": "Keep an item for yourself.",
            "release": "Give a claimed item back.",
            "approve": "Let the proposed answer through.",
            "correct": "Give the right answer.",
            "reject": "Say that there is no good answer.",
            "export": "Print decided answers as evaluation samples or fine-tuning conversations.",
        },
    ),
    "sources": (
        "The documents that answers draw on.",
        {
            "add": "Index a file, a folder or a list of addresses.",
            "list": "List documents with their labels.",
            "search": "Show the passages that a question finds.",
            "show": "Show a document's passages, or one passage word for word.",
            "remove": "Remove documents.",
        },
    ),
    "prices": (
        "What models cost.",
        {
            "show": "Show each model's price and where the figure comes from.",
            "update": "Write catalogue prices down, to be reviewed.",
        },
    ),
}
IN_OWN_FILES = {"eval"}
"""Groups with a module for each command."""
for _name, (_summary, _commands) in GROUPS.items():
    _group = App(name=_name, help=_summary)
    for _command, _help in _commands.items():
        _is_taken = hasattr(builtins, _command) or iskeyword(_command)
        _function = f"{_command}_" if _is_taken else _command
        _module = f"{_name}_{_command}" if _name in IN_OWN_FILES else _name
        _group.command(f"weighbridge.cli.{_module}:{_function}", name=_command, help=_help)
    app.command(_group)

FAILED, MISUSED = 1, 2
MISUSES = frozenset(
    {"invalid_field", "empty_input", "unknown_task", "unknown_model", "invalid_correction", "unknown_collection"}
)
"""Codes of errors that the command line itself is to blame for."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 it failed, 2 wrong usage or config."""
    sys.exit(invoke(sys.argv[1:] if arguments is None else arguments))


def invoke(arguments: Sequence[str]) -> int:
    """Run one command; the exit status comes back."""
    try:
        status = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        return _complain(f"{error}\n`weighbridge --help` lists the commands.", MISUSED)
    except (ConfigError, CommandError) as error:
        return _complain(str(error), MISUSED)
    except WeighbridgeError as error:
        return _complain(_told(error), FAILED if error.code not in MISUSES else MISUSED)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return FAILED
    return status if isinstance(status, int) else 0


def _complain(text: str, status: int) -> int:
    print(f"weighbridge: {text.strip()}", file=sys.stderr)
    return status


def _told(error: WeighbridgeError) -> str:
    record = f" (record {error.record_id})" if error.record_id else ""
    return f"{error.condition} {error.advice} [{error.code}]{record}"
