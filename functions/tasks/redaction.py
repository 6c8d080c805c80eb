"""Removes secrets from texts that leave the task's own record: error messages, dead letters, events, alerts.

A failure's message comes from the code that raised it, and may quote its input. What looks like a secret is replaced
by its kind, `[email]` for example, so that the text still says what happened. It rather hides too much than too
little, in time linear in the text (repetitions are bounded and start at word boundaries). A text without secrets is
returned unchanged, and so is a redacted text.
"""

import re

_NAMES_OF_SECRETS = (
    r"(?:api[-_ ]?key|access[-_ ]?key|secret|password|passwd|pwd|token|credential|private[-_ ]?key|session)"
)
_NOT_REDACTED = r"(?!\[(?:secret|token|password|key|access key|private key|email|card number)\])"
_DIGITS = re.compile(r"\d+(?:[ -]\d+)*")
_CARD_DIGITS = range(13, 20)


def redact(text: str) -> str:
    """The text without tokens, keys, passwords, e-mail addresses and card numbers."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return _DIGITS.sub(_without_cards, text)


_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
        "[private key]",
    ),
    # JSON web tokens: three base64url parts, of which the first two are JSON objects.
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?"), "[token]"),
    (re.compile(r"(?P<name>\b(?:bearer|basic)\s+)[\w.~+/=-]{6,}", re.IGNORECASE), r"\g<name>[token]"),
    # AWS access key ids, and the keys of some services that have a known prefix.
    (re.compile(r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}\b"), "[access key]"),
    (re.compile(r"\b(?:sk|pk|rk|ghp|gho|ghs|ghu|glpat|xox[abprs])[-_][A-Za-z0-9_-]{10,}"), "[key]"),
    # name=value, name: value, "name": "value", and the same with longer names such as DB_PASSWORD.
    (
        re.compile(
            rf"(?P<name>(?<![\w-])[\w-]{{0,40}}?{_NAMES_OF_SECRETS}[\w-]{{0,40}}[\"']?\s{{0,3}}[=:]\s{{0,3}})"
            + _NOT_REDACTED
            + r"(?:\"[^\"]*\"|'[^']*'|[^\s,;&\"']+)",
            re.IGNORECASE,
        ),
        r"\g<name>[secret]",
    ),
    # The password in https://user:password@host.
    (
        re.compile(
            r"(?P<name>\b[a-z][a-z0-9+.-]{0,20}://[^\s:/@]{0,100}:)" + _NOT_REDACTED + r"[^\s/@]+(?=@)", re.IGNORECASE
        ),
        r"\g<name>[password]",
    ),
    (re.compile(r"(?<![\w.+-])[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"), "[email]"),
)


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
    """Long numbers are often ids; a card number passes the check of its last digit (Luhn)."""
    if len(number) not in _CARD_DIGITS:
        return False
    digits = [int(character) for character in reversed(number)]
    return (sum(digits[::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])) % 10 == 0
