"""PDF and Word documents."""

import io
import re
from zipfile import BadZipFile

from weighbridge.context.documents.extract import Extract, TextBuilder, unreadable

MOST_PAGES = 5_000
LARGEST_UNPACKED_BYTES = 256 * 1024 * 1024
"""A Word document is an archive: what it says it unpacks to is looked at before anything is unpacked."""
_HEADING_STYLE = re.compile(r"(?:Heading|Überschrift|Titre) (\d)")


def read_pdf(body: bytes) -> Extract:
    """Page by page; a page's heading is its number, so that a citation says where to look."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    builder = TextBuilder()
    try:
        reader = PdfReader(io.BytesIO(body))
        if reader.is_encrypted and not reader.decrypt(""):
            raise unreadable("It is encrypted.", "Add a copy that opens without a password.")
        if len(reader.pages) > MOST_PAGES:
            raise unreadable(f"It has more than {MOST_PAGES} pages.", "Split it.")
        for number, page in enumerate(reader.pages, 1):
            builder.heading(2, f"Page {number}")
            for paragraph in re.split(r"\n\s*\n", page.extract_text()):
                builder.block(paragraph)
        stated = reader.metadata.title if reader.metadata else None
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise unreadable("It is not a PDF that can be read.", "Open and save it anew, or add its text.") from error
    found = builder.extract()
    if not found.blocks:
        raise unreadable("It holds pictures and no text.", "Run character recognition on it first.")
    title = " ".join(str(stated).split()) if stated else None
    return Extract(found.text, found.blocks, title or None)


def read_docx(body: bytes) -> Extract:
    """Paragraphs under their heading styles, and the rows of tables."""
    from docx import Document
    from docx.opc.exceptions import PackageNotFoundError
    from docx.table import Table

    _refuse_bomb(body)
    try:
        opened = Document(io.BytesIO(body))
        builder = TextBuilder()
        for item in opened.iter_inner_content():
            if isinstance(item, Table):
                for row in item.rows:
                    builder.block(" | ".join(" ".join(cell.text.split()) for cell in row.cells))
                continue
            style = item.style.name if item.style is not None and item.style.name else ""
            found = _HEADING_STYLE.match(style)
            if found or style == "Title":
                builder.heading(int(found[1]) if found else 1, item.text)
            else:
                builder.block(item.text)
    except (PackageNotFoundError, BadZipFile, ValueError, KeyError, SyntaxError) as error:
        raise unreadable("It is not a Word document that can be read.", "Save it as .docx anew.") from error
    return builder.extract()


def _refuse_bomb(body: bytes) -> None:
    from zipfile import ZipFile

    try:
        with ZipFile(io.BytesIO(body)) as archive:
            size = sum(item.file_size for item in archive.infolist())
    except (BadZipFile, ValueError, NotImplementedError) as error:
        raise unreadable("It is not a Word document.", "Save it as .docx.") from error
    if size > LARGEST_UNPACKED_BYTES:
        raise unreadable(f"It unpacks to {size:,} bytes.", "Split it, or add its text.")
