"""The OpenAPI document as a single page: no scripts, nothing to load, and no external addresses."""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

from functions.api.access import API_KEY, SIGNATURE
from functions.api.document.page_style import STYLE

Document = Mapping[str, Any]
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_CREDENTIALS = {
    API_KEY: "-H 'x-api-key: ...'",
    SIGNATURE: '--aws-sigv4 "aws:amz:$AWS_REGION:execute-api" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"',
}
_FACTS = (
    *("format", "pattern", "minLength", "maxLength", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"),
    *("multipleOf", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "default"),
)
_CLASSES = {"description": "text", "type": "text"}


def page(document: Document) -> str:
    """The whole page. All text from the document is escaped."""
    title = _text(document["info"]["title"])
    body = [
        f"<h1>{title}</h1><p>{_text(document['info']['description'])}</p>",
        "<p>Machine-readable: <a href='openapi.json'>openapi.json</a>. In the commands below, <code>$API</code> "
        "is the address of this page without <code>/docs</code>.</p>",
        *(part for tag in document["tags"] for part in _group(document, tag)),
        "<h2 id='schemas'>Schemas</h2>",
        *(_schema(document, name, schema) for name, schema in document["components"]["schemas"].items()),
    ]
    viewport = "<meta name='viewport' content='width=device-width,initial-scale=1'>"
    head = f"<meta charset='utf-8'>{viewport}<title>{title}</title>"
    lines = "\n".join(body)
    return (
        f"<!doctype html>\n<html lang='en'><head>{head}<style>{STYLE}</style></head><body>\n{lines}\n</body></html>\n"
    )


def _group(document: Document, tag: Document) -> Iterator[str]:
    yield f"<h2 id='{_text(tag['name'])}'>{_text(tag['name'].capitalize())}</h2><p>{_text(tag['description'])}</p>"
    for path, operations in document["paths"].items():
        for verb, operation in operations.items():
            if tag["name"] in operation["tags"]:
                yield _operation(document, verb.upper(), path, operation)


def _operation(document: Document, method: str, path: str, operation: Document) -> str:
    parts = [
        f"<h3 id='{_text(operation['operationId'])}'><b class='{method.lower()}'>{method}</b> {_text(path)}</h3>",
        f"<p>{_prose(operation['summary'])}. {_prose(operation.get('description', ''))}</p>",
        _security(document, operation),
        _table(
            ("parameter", "in", "description", "type"), (_parameter(one) for one in operation.get("parameters", []))
        ),
        _body(operation),
        f"<pre>{_text(_command(method, path, operation))}</pre>",
        _table(
            ("status", "description", "headers", "body"), (_response(*one) for one in operation["responses"].items())
        ),
    ]
    return f"<section>{''.join(parts)}</section>"


def _security(document: Document, operation: Document) -> str:
    schemes: Document = document["components"].get("securitySchemes", {})
    needed = [f"<code>{_text(schemes[n]['name'])}</code>: {_description(schemes[n])}" for one in
              operation["security"] for n in one]  # fmt: skip
    return f"<p>Requires {' '.join(needed)}</p>" if needed else ""


def _parameter(parameter: Document) -> tuple[str, ...]:
    required = " (required)" if parameter.get("required") else ""
    name = f"<code>{_text(parameter['name'])}</code>{required}"
    return name, _text(parameter["in"]), _description(parameter), _type(parameter["schema"])


def _body(operation: Document) -> str:
    contents = operation.get("requestBody", {}).get("content", {}).items()
    return "".join(f"<p>Body: {_text(media)}, {_type(content['schema'])}</p>" for media, content in contents)


def _command(method: str, path: str, operation: Document) -> str:
    """A call that can be copied into a shell; path parameters appear by name."""
    bodies: Document = operation.get("requestBody", {}).get("content", {})
    implied = "POST" if bodies else "GET"
    verb = f" -X {method}" if method != implied else ""
    command = [f'curl -s{verb} "$API{path.replace("{", "").replace("}", "")}"']
    command += [_CREDENTIALS[scheme] for needed in operation["security"] for scheme in needed]
    for media, content in bodies.items():
        example = json.dumps(content.get("example", {}), indent=1).replace("'", "'\\''")
        command += [f"-H 'Content-Type: {media}'", f"-d '{example}'"]
    return " \\\n  ".join(command)


def _response(status: str, response: Document) -> tuple[str, ...]:
    headers = ", ".join(f"<code>{_text(name)}</code>" for name in response.get("headers", {}))
    return status, _description(response), headers, "".join(_contents(response.get("content", {})))


def _contents(contents: Document) -> Iterator[str]:
    for media, content in contents.items():
        yield f"<span>{_text(media)}: {_type(content['schema'])}</span>"
        if "example" in content:
            example = json.dumps(content["example"], indent=2, ensure_ascii=False)
            yield f"<details><summary>example</summary><pre>{_text(example)}</pre></details>"


def _schema(document: Document, name: str, schema: Document) -> str:
    required: list[str] = schema.get("required", [])
    fields = [
        (f"<code>{_text(field)}</code>{' (required)' if field in required else ''}", _description(part), _type(part))
        for field, part in schema.get("properties", {}).items()
    ]
    variants = list(_variants(document, schema))
    kind = "" if fields or variants else _type(schema)
    heading = f"<h3 id='schema-{_text(name)}'>{_text(name)}</h3><p>{_description(schema)} {kind}</p>"
    tables = _table(("field", "description", "type"), fields) + _table(("type", "data", "all fields"), variants)
    return f"<section>{heading}{tables}</section>"


def _variants(document: Document, schema: Document) -> Iterator[tuple[str, ...]]:
    """The kinds of task: each with the data that it takes."""
    for reference in schema.get("oneOf", ()):
        fields = document["components"]["schemas"][reference["$ref"].rsplit("/", 1)[1]]["properties"]
        (name,) = fields["type"]["enum"]
        yield f"<code>{_text(name)}</code>", _type(fields["data"]), _type(reference)


def _type(schema: Document) -> str:
    """A schema in a few words; a named one is a link."""
    if "$ref" in schema:
        name = _text(schema["$ref"].rsplit("/", 1)[1])
        return f"<a href='#schema-{name}'>{name}</a>"
    if schema.get("enum") == [None]:
        return "null"
    variants = " or ".join(_type(part) for part in schema.get("oneOf", schema.get("anyOf", ())))
    kind = (
        " ".join(_type(part) for part in schema.get("allOf", ())) or variants or _text(schema.get("type", "any value"))
    )
    items = f" of {_type(schema['items'])}" if "items" in schema else ""
    choices = f": {_text(', '.join(map(str, schema['enum'])))}" if "enum" in schema else ""
    facts = ", ".join(f"{fact} {_text(json.dumps(schema[fact]))}" for fact in _FACTS if fact in schema)
    return f"{kind}{items}{choices}{f' ({facts})' if facts else ''}{' or null' if schema.get('nullable') else ''}"


def _description(part: Document) -> str:
    return _prose(part.get("description", ""))


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table, or nothing when it would be empty."""
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    head = "".join(f"<th class='{_CLASSES.get(name, '')}'>{name}</th>" for name in heads)
    return f"<div class='wide'><table><tr>{head}</tr>{lines}</table></div>" if lines else ""


def _prose(text: str) -> str:
    """Escaped text, with what is in backticks as code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", _text(text))


def _text(value: object) -> str:
    return escape(str(value))
