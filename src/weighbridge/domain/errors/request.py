"""What the caller has to change: the request, or who asks."""

from weighbridge.domain.errors.base import WeighbridgeError


class RequestError(WeighbridgeError):
    """The caller must change the request; no provider was called."""

    status = 400
    code = "invalid_request"


class MalformedBodyError(RequestError):
    """The body cannot be read as JSON text of sane depth, numbers and characters."""

    code = "invalid_json"


class UnsupportedMediaTypeError(RequestError):
    """The body is not declared as JSON."""

    status = 415
    code = "unsupported_media_type"


class BodyTooLargeError(RequestError):
    """The body is larger than the gateway reads."""

    status = 413
    code = "body_too_large"


class BodyTooSlowError(RequestError):
    """The body did not arrive in time."""

    status = 408
    code = "body_too_slow"


class InvalidFieldError(RequestError):
    """A field is missing, unknown or of the wrong type or value; `param` names it."""

    code = "invalid_field"


class UnknownParameterError(InvalidFieldError):
    """A field that the format does not have, where the task takes none; `param` names it."""

    code = "unknown_parameter"


class EmptyInputError(RequestError):
    """There is nothing to send to a model."""

    code = "empty_input"


class InputTooLongError(RequestError):
    """The input has more tokens than allowed; the message holds the count and the limit."""

    code = "input_too_long"


class NotFoundError(RequestError):
    """A task, model, record or path that does not exist."""

    status = 404
    code = "not_found"


class MethodNotAllowedError(RequestError):
    """The path exists, the method does not."""

    status = 405
    code = "method_not_allowed"


class AccessError(WeighbridgeError):
    """The caller may not do this."""

    status = 403
    code = "forbidden"


class UnauthenticatedError(AccessError):
    """No key, or one that the gateway does not know."""

    status = 401
    code = "missing_key"


class ForbiddenError(AccessError):
    """A known key that does not allow this task or pinning a model."""


class ReviewConflictError(RequestError):
    """The item is not in a state that allows this: decided, claimed by another, or changed in the meantime."""

    status = 409
    code = "review_conflict"


class KeyExistsError(RequestError):
    """A key of that name is in use."""

    status = 409
    code = "key_exists"


class InvalidCorrectionError(RequestError):
    """The correction breaks the task's contract; the message holds what is wrong with it."""

    status = 422
    code = "invalid_correction"


class UnreadableDocumentError(RequestError):
    """A document cannot be read as what its name says it is; nothing of it was indexed."""

    status = 422
    code = "unreadable_document"
