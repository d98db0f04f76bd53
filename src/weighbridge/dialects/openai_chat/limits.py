"""What OpenAI's chat format has no place for: nothing of what a request can mean."""

from weighbridge.domain.request import Request

FORM = "OpenAI's chat format"


def check(request: Request) -> None:
    """Nothing has to be refused."""
    del request
