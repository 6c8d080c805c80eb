"""A preview as a comment on a pull request: what changes, folded, and short enough for the code hosts."""

from __future__ import annotations

from typing import Final

# GitHub takes 65,536 characters: https://docs.github.com/en/rest/issues/comments
MAX_CHARACTERS: Final = 60_000


def comment(preview: str, stage: str) -> str:
    """The text of the comment. The end of a long preview is kept, because it has the summary."""
    text = preview.strip().replace("```", "'''")
    cut = len(text) > MAX_CHARACTERS
    shown = text[-MAX_CHARACTERS:] if cut else text
    note = "\nThe beginning is left out; the job's log has all of it.\n" if cut else ""
    return (
        f"**What `pulumi up` would do to {stage}**\n\n<details><summary>Preview</summary>\n{note}\n"
        f"```text\n{shown}\n```\n\n</details>\n"
    )
