"""Pictures, recordings and files inside a call: held against limits where they come in, so that errors name the place.

They are passed to hosts and never fetched or opened; a file of plain text is read like any other text.
"""

import binascii
import re
from collections.abc import Mapping

from weighbridge.dialects.fields import Fields, join, need_text, read_text
from weighbridge.domain.errors import InvalidFieldError
from weighbridge.domain.request import Audio, File, Image, Text

LARGEST_IMAGE_BYTES = 5 * 1024 * 1024
"""Anthropic's hosts refuse larger pictures, and Bedrock's even smaller ones."""
LARGEST_FILE_BYTES = 20 * 1024 * 1024
"""Of a file or a recording; Gemini takes no larger call in all."""
AUDIO_TYPES: Mapping[str, str] = {"wav": "audio/wav", "mp3": "audio/mpeg"}
"""As OpenAI's formats name them."""
_DATA_URL = re.compile(r"data:([a-zA-Z0-9.+-]+/[a-zA-Z0-9.+-]+);base64,")
_CHARS_OF_TYPE = 200
_MB = 1024 * 1024


def picture(url: str, param: str) -> Image:
    """A picture by its address, or inside the call. Raises InvalidFieldError."""
    _require_address(url, param, "the picture itself as a data URL")
    if url.startswith("data:"):
        _require_content(url, param, LARGEST_IMAGE_BYTES, "picture")
    return Image(url)


def recording(fields: Fields, path: str) -> Audio:
    """`data` with its `format`. Raises InvalidFieldError."""
    given = need_text(fields, "format", path)
    if given not in AUDIO_TYPES:
        param = join(path, "format")
        raise InvalidFieldError(f"`{param}` must be one of wav, mp3.", advice="Send one of these.", param=param)
    return Audio(inline(AUDIO_TYPES[given], need_text(fields, "data", path), join(path, "data"), "recording"))


def file_of(fields: Fields, path: str) -> File | Text:
    """A file inside the call, by its address, or by the number that a host knows it by. Raises InvalidFieldError."""
    name = read_text(fields, "filename", path)
    content, address = read_text(fields, "file_data", path), read_text(fields, "file_url", path)
    if content is not None:
        param = join(path, "file_data")
        if not content.startswith("data:"):
            raise _no_data_url(param, "file")
        _require_content(content, param, LARGEST_FILE_BYTES, "file")
        return inline_file(content, name, param)
    if address is not None:
        return File(require_https(address, join(path, "file_url"), "the file itself as `file_data`"), name)
    return File(None, name, need_text(fields, "file_id", path))


def inline_file(url: str, name: str | None, param: str) -> File | Text:
    """A file inside the call; one of plain text is text. Raises InvalidFieldError where that is not UTF-8."""
    if not url.startswith("data:text/"):
        return File(url, name)
    try:
        text = binascii.a2b_base64(url.partition(",")[2]).decode()
    except UnicodeDecodeError:
        raise InvalidFieldError(
            f"The text in `{param}` is not UTF-8.", advice="Convert it, or name its true media type.", param=param
        ) from None
    return Text(f"{name}\n\n{text}" if name else text)


def inline(media_type: str, encoded: str, param: str, what: str = "file") -> str:
    """A data URL of what came as base64. Raises InvalidFieldError."""
    url = f"data:{media_type};base64,{encoded}"
    _require_content(url, param, LARGEST_IMAGE_BYTES if what == "picture" else LARGEST_FILE_BYTES, what)
    return url


def require_https(url: str, param: str, instead: str) -> str:
    """The same. Raises InvalidFieldError for any other kind of address."""
    if not url.startswith("https://"):
        raise InvalidFieldError(f"`{param}` must be an https URL.", advice=f"Send {instead}.", param=param)
    return url


def _require_address(url: str, param: str, instead: str) -> None:
    if not url.startswith(("https://", "data:")):
        raise InvalidFieldError(f"`{param}` must be an https or data URL.", advice=f"Send {instead}.", param=param)


def _require_content(url: str, param: str, most_bytes: int, what: str) -> None:
    found = _DATA_URL.match(url, 0, _CHARS_OF_TYPE)
    if found is None:
        raise _no_data_url(param, what)
    size = (len(url) - found.end()) * 3 // 4
    if size > most_bytes:
        raise InvalidFieldError(
            f"The {what} in `{param}` has {size / _MB:.1f} MB; at most {most_bytes // _MB} MB are taken.",
            advice="Make it smaller." if what == "picture" else "Send a part of it, or its address.",
            param=param,
        )
    try:
        binascii.a2b_base64(memoryview(url.encode())[found.end() :], strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        raise InvalidFieldError(
            f"The {what} in `{param}` is not valid base64.", advice="Encode it anew, with padding.", param=param
        ) from None


def _no_data_url(param: str, what: str) -> InvalidFieldError:
    return InvalidFieldError(
        f"The {what} in `{param}` is no data URL with a media type and base64.",
        advice="Send it as `data:MEDIA/TYPE;base64,...`.",
        param=param,
    )
