"""The page at /docs: the OpenAPI description as plain HTML. It loads nothing from anywhere."""

from __future__ import annotations

from html import escape
from typing import Any

_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse}td,th{padding:.1rem .8rem .1rem 0;text-align:left;"
    "vertical-align:top}code{background:#eee;color:#111;padding:0 .2rem}"
)
_EXAMPLES = """curl -F clip=@clip.npz {base}/recognise
curl -H 'Content-Type: application/json' -d @clip.json {base}/recognise
curl {base}/labels"""


def page(description: dict[str, Any], base: str) -> str:
    """description: the OpenAPI object. base: address of the service, for the examples."""
    info = description["info"]
    parts = [
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>",
        f"<p>{escape(info['description'])}</p>",
        f"<pre>{escape(_EXAMPLES.format(base=base.rstrip('/')))}</pre>",
        *(
            _operation(path, method, about)
            for path, methods in description["paths"].items()
            for method, about in methods.items()
        ),
        '<p>All of it, for programs: <a href="openapi.json">openapi.json</a></p>',
    ]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(info['title'])}</title><style>{_STYLE}</style>{''.join(parts)}</html>"
    )


def _operation(path: str, method: str, about: dict[str, Any]) -> str:
    rows = [(f"?{one['name']}", one.get("description", "")) for one in about.get("parameters", [])]
    body = about.get("requestBody", {})
    if body:
        rows.append(("body", body["description"]))
        rows.append(("body as", ", ".join(body["content"])))
    rows += [(status, one["description"]) for status, one in about["responses"].items()]
    table = "".join(f"<tr><th>{escape(a)}<td>{escape(b)}" for a, b in rows)
    title = f"<code>{escape(method.upper())} {escape(path)}</code>"
    return f"<h2>{title}</h2><p>{escape(about.get('description', ''))}</p><table>{table}</table>"
