"""Removes secrets from texts that leave the task's own record: error messages, dead letters, events, alerts.

A failure's message comes from the code that raised it, and may quote its input. What looks like a secret is replaced
by its kind, `[email]` for example, so that the text still says what happened. It rather hides too much than too
little, in time linear in the text (repetitions are bounded and start at word boundaries). A text without secrets is
returned unchanged, and so is a redacted text.
"""

import re
from collections.abc import Callable, Generator
from contextlib import contextmanager

_REDACTED = re.compile(r"\[(?:secret|token|password|key|access key|private key|email|card number)\]")
_DIGITS = re.compile(r"\d+(?:[ -]\d+)*")
_CARD_DIGITS = range(13, 20)

# A name's words, in `DB_PASSWORD`, `clientSecret` and `X-Amz-Signature` alike.
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
# The last word of a name whose value is a secret, alone or at the end of a compound (`sharedaccesskey`).
_SECRETS = frozenset(
    {
        *("auth", "authorization", "bearer", "cookie", "cookies", "credential", "credentials", "jwt", "otp", "pass"),
        *("pin", "pwd", "session", "sig", "signature"),
    }
)
_ENDINGS = (
    *("password", "passwords", "passwd", "passphrase", "passcode", "secret", "secrets", "token", "tokens"),
    *("apikey", "accesskey", "accountkey", "encryptionkey", "masterkey", "privatekey", "secretkey", "signingkey"),
    *("sessionid", "sessid"),
)
_HEADERS = frozenset({"authorization", "cookie"})  # their values go on to the end of the line
# Said about a secret instead of the secret.
WORDS_ABOUT_SECRETS = frozenset(
    {
        *("closed", "denied", "disabled", "empty", "enabled", "expired", "failed", "false", "False", "incorrect"),
        *("invalid", "is", "missing", "needed", "nil", "no", "none", "None", "not", "null", "optional", "required"),
        *("revoked", "true", "True", "undefined", "unknown", "unset", "was", "wrong"),
    }
)
_NAME = re.compile(
    r"(?<![\w-])(?:--(?P<option>[a-z][\w-]{0,60})[ =]"
    r"|<(?P<tag>[A-Za-z][\w-]{0,60})>"
    r"|(?P<name>[A-Za-z_][\w-]{0,80}?)\\{0,9}[\"']?(?:\s{0,3}(?:=>|[=:])\s{0,3}|%3D))"
)
# Said in a sentence: quoted, or with letters and digits, which hardly any other word has in this place.
_SPOKEN = re.compile(
    r"\b(?P<said>(?:password|passphrase|passcode)\s(?:(?:is|was)\s)?)"
    r"(?:(?P<quote>[\"'])(?P<quoted>[^\"'\r\n]{1,200})(?P=quote)"
    r"|(?<=(?:is|as)\s)(?P<mixed>(?=[^\s\d]{0,60}\d)(?=[^\sA-Za-z]{0,60}[A-Za-z])[^\s\"'\[\]]{6,60}))",
    re.IGNORECASE,
)
_PARAMETER = r"[\w*-]{1,30}\s?=\s?(?:\\{0,3}\"[^\"\\\r\n]{0,300}\\{0,3}\"|[^\s,\"\\]{1,300})"
_QUOTE = re.compile(r"\\*[\"']")
_BARE = re.compile(r"[^\s,;&\"'<>{}\[\]()\\]+")
_LINE = re.compile(r"[^\r\n\"'\\]+")
# Several words, as far as no other name begins.
_PHRASE = re.compile(r"[^\s,;&\"'<>{}\[\]()\\]+(?:[ ][^\s,;&\"'<>{}\[\]()\\=:]++(?![=:])){0,20}")


_KNOWN: set[str] = set()
_SHORTEST_SECRET = 6  # a shorter one is found in many words


def hide(value: str) -> None:
    """Remove this value from now on, whatever it looks like."""
    if len(value) >= _SHORTEST_SECRET:
        _KNOWN.add(value)


@contextmanager
def forgetting() -> Generator[None]:
    """Forget at the end what was hidden in the block: a process that runs many pipelines keeps them apart."""
    before = set(_KNOWN)
    try:
        yield
    finally:
        _KNOWN.intersection_update(before)


def redact(text: str) -> str:
    """The text without tokens, keys, passwords, e-mail addresses, card numbers, and the values that were hidden."""
    for value in sorted(_KNOWN, key=len, reverse=True):  # one may begin like another
        text = text.replace(value, "[secret]")
    for pattern, replacement in _BEFORE_NAMES:
        text = pattern.sub(replacement, text)
    text = _without_named_secrets(text)
    for pattern, replacement in _AFTER_NAMES:
        text = pattern.sub(replacement, text)
    return _DIGITS.sub(_without_cards, text)


def _token_after_scheme(found: re.Match[str]) -> str:
    """Words are no tokens: `basic authentication`, `bearer of news`."""
    value = found["value"]
    return found[0] if value.isalpha() and value[1:].islower() else f"{found['scheme']}[token]"


def _without_spoken(found: re.Match[str]) -> str:
    return found[0] if _says_nothing(found["quoted"] or found["mixed"], "") else f"{found['said']}[secret]"


_Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]
_BEFORE_NAMES: tuple[_Rule, ...] = (
    (
        re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|\Z)",
            re.DOTALL,
        ),
        "[private key]",
    ),
    # JSON web tokens: three base64url parts, of which the first two are JSON objects.
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?"), "[token]"),
    (
        re.compile(r"\b(?P<scheme>(?:bearer|basic)\s{1,3})(?P<value>[\w.~+/=-]{6,})", re.IGNORECASE),
        _token_after_scheme,
    ),
    (
        re.compile(rf"\b(?P<scheme>Digest\s{{1,3}}){_PARAMETER}(?:\s{{0,3}},\s{{0,3}}{_PARAMETER}){{0,20}}"),
        r"\g<scheme>[token]",
    ),
    (re.compile(r"(?P<hook>\bhooks\.slack\.com/[a-z]{5,20}/)[\w/]{10,}"), r"\g<hook>[token]"),
    (_SPOKEN, _without_spoken),
    # AWS access key ids, and keys that announce themselves by a prefix.
    (re.compile(r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}\b"), "[access key]"),
    (
        re.compile(
            r"\b(?:(?:sk|pk|rk|gh[oprsu]|github_pat|glpat|xox[abeprs]|xapp|npm|pypi|whsec|hf|dop_v1|shp(?:at|ca|pa|ss)"
            r"|dckr_pat|lin_api|pul)[-_](?=[A-Za-z_-]*\d|(?:[a-z]{2,8}-)?\w{20})[A-Za-z0-9_-]{10,}"
            r"|AIza[\w-]{30,}|(?:SG|hvs|ya29)\.[\w-]{16,}(?:\.[\w-]{16,})?)"
        ),
        "[key]",
    ),
    # The password in https://user:password@host; after a port, an @ belongs to the path.
    (
        re.compile(
            r"(?P<name>\b[a-z][a-z0-9+.-]{0,20}://[^\s:/@]{0,100}:)"
            r"(?!\[password\]|\d{1,5}/)[^\s\"'<>@]{1,200}(?:@[^\s\"'<>@]{1,200}){0,4}(?=@[\w.-])",
            re.IGNORECASE,
        ),
        r"\g<name>[password]",
    ),
)
_AFTER_NAMES: tuple[_Rule, ...] = (
    (re.compile(r"(?<![\w.+-])(?<!//)[\w.!#$%&'*+=?^`{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"), "[email]"),
)


def _without_named_secrets(text: str) -> str:
    """The value goes and the name stays in `name=value`, `"name": "value"`, `--name value`, `<name>value`."""
    parts: list[str] = []
    at = 0
    for found in _NAME.finditer(text):
        name = found["name"] or found["option"] or found["tag"]
        if found.end() < at or not _is_secret(name):
            continue
        end = _value_end(text, found.end(), name)
        if end > found.end():
            parts += [text[at : found.end()], "[secret]"]
            at = end
    return "".join([*parts, text[at:]])


def _is_secret(name: str) -> bool:
    words = [word.lower() for word in _WORDS.findall(name)]
    return bool(words) and (words[-1] in _SECRETS or "".join(words).endswith(_ENDINGS))


def _value_end(text: str, start: int, name: str) -> int:
    """Where the value ends that starts here; `start` itself when there is nothing to hide."""
    if _REDACTED.match(text, start):
        return start
    if text[start : start + 1] in ("{", "["):
        return _bracket_end(text, start)
    if opening := _QUOTE.match(text, start):
        return _quoted_end(text, start, opening[0])
    words = [word.lower() for word in _WORDS.findall(name)]
    value = _pattern(words[-1]).match(text, start)
    return start if value is None or _says_nothing(value[0], words[-1]) else value.end()


def _pattern(last_word: str) -> re.Pattern[str]:
    if last_word in _HEADERS:
        return _LINE
    return _PHRASE if last_word == "passphrase" else _BARE


def _says_nothing(value: str, last_word: str) -> bool:
    first = value.split()[0].rstrip(".!") if value.strip() else ""
    return not first or first in WORDS_ABOUT_SECRETS or (last_word == "tokens" and value.isdigit())


def _bracket_end(text: str, start: int) -> int:
    """Behind the bracket that closes this one, or the end of the text; an empty pair hides nothing."""
    depth = 0
    for found in re.compile(r"[\[\]{}]").finditer(text, start):
        depth += 1 if found[0] in "[{" else -1
        if depth == 0:
            return found.end() if text[start + 1 : found.start()].strip() else start
    return len(text)


def _quoted_end(text: str, start: int, opening: str) -> int:
    """Behind the closing quote: escaped as often as the opening one, so that what is escaped once more is inside."""
    escapes, mark = len(opening) - 1, opening[-1]
    for found in re.compile(rf"(\\*){mark}(?P<doubled>{mark}?)").finditer(text, start + len(opening)):
        backslashes = len(found[1])
        closes = backslashes == escapes if escapes else backslashes % 2 == 0
        if closes and not found["doubled"]:
            return found.end() if found.start() > start + len(opening) else start
    return len(text)


def _without_cards(found: re.Match[str]) -> str:
    """Groups of digits, some of which together may be a card number."""
    parts = re.split(r"([ -])", found[0])
    kept: list[str] = []
    at = 0
    while at < len(parts):
        end = _card_from(parts, at) if at % 2 == 0 else None
        kept.append(parts[at] if end is None else "[card number]")
        at = at + 1 if end is None else end
    return "".join(kept)


def _card_from(parts: list[str], first: int) -> int | None:
    """Where the longest card number ends that starts with this group; None when there is none."""
    most = min(len(parts), first + 2 * _CARD_DIGITS.stop)
    ends = (end for end in range(most, first, -1) if end % 2 == 1 and _is_card("".join(parts[first:end:2])))
    return next(ends, None)


def _is_card(number: str) -> bool:
    """Long numbers are often ids; a card number starts with 2 to 6 and passes the check of its last digit (Luhn)."""
    if len(number) not in _CARD_DIGITS or number[0] not in "23456":
        return False
    digits = [int(character) for character in reversed(number)]
    return (sum(digits[::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])) % 10 == 0
