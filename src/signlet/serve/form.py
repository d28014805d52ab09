"""Multipart forms: a body in, its only file out."""

from __future__ import annotations

from typing import Any

from signlet.serve.rejection import Rejection

FORM = "multipart/form-data"
_MOST_FIELDS = 64
"""More fields than this are in no honest form."""


def file_of_form(body: bytes, content_type: str) -> bytes:
    """The content of the only file in a multipart form; it never touches the disk.

    content_type: of the request, with the boundary.
    Raises Rejection: 400 for broken forms, 422 where there is another number of files than one.
    """
    from python_multipart.exceptions import FormParserError

    files: list[Any] = []
    try:
        _parse(body, content_type, files)
    except (FormParserError, ValueError, LookupError) as error:
        reason = str(error)[:120]
        raise Rejection(400, f"body: is not a readable form ({reason}); send it again") from None
    if len(files) != 1:
        raise Rejection(
            422, f"body: the form has {len(files)} files; give one, as in -F clip=@file"
        )
    files[0].file_object.seek(0)
    content: bytes = files[0].file_object.read()
    return content


def _parse(body: bytes, content_type: str, files: list[Any]) -> None:
    from python_multipart.multipart import FormParser, parse_options_header

    boundary = parse_options_header(content_type)[1].get(b"boundary")
    config = {"MAX_MEMORY_FILE_SIZE": len(body) + 1, "MAX_FIELDS": _MOST_FIELDS}
    parser = FormParser(FORM, lambda _: None, files.append, boundary=boundary, config=config)
    try:
        parser.write(body)
        parser.finalize()
    finally:
        # It and its callbacks refer to each other, and those to the body.
        parser.parser = None
