"""The root of the error tree, and the errors of the gateway's own house: its store, its queues, its commands."""

from typing import ClassVar


class WeighbridgeError(Exception):
    """The root. Catch it to catch everything the gateway raises on purpose."""

    status: ClassVar[int] = 500
    code: str = "internal_error"
    is_retryable: ClassVar[bool] = False

    def __init__(
        self,
        condition: str,
        *,
        advice: str,
        code: str | None = None,
        param: str | None = None,
        record_id: str | None = None,
    ) -> None:
        super().__init__(f"{condition} {advice}".strip())
        self.condition = condition
        """What is so, one sentence."""
        self.advice = advice
        """What to do next, one sentence."""
        self.code = code or type(self).code
        """Stable name for programs."""
        self.param = param
        """The request field or header at fault, if one is."""
        self.record_id = record_id
        """The record that tells the story, once there is one."""


class StoreError(WeighbridgeError):
    """The record could not be written, so the answer is withheld."""

    status = 503
    code = "store_unavailable"
    is_retryable = True


class UnwritableRecordError(StoreError):
    """This one record cannot be written, whatever the disk does; other requests are not affected."""

    code = "record_unwritable"


class CountersAwayError(WeighbridgeError):
    """The server on which gateways count rate limits together does not answer, so nobody is let in."""

    status = 503
    code = "counters_unavailable"
    is_retryable = True


class OverloadedError(WeighbridgeError):
    """A bounded queue is full; nothing was called."""

    status = 503
    code = "overloaded"
    is_retryable = True


class CommandError(WeighbridgeError):
    """A command was asked for something that cannot be had, such as an address that is taken."""

    code = "command_misused"
