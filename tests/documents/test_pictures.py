"""The pictures of the documents can be taken anew by their command, from a laptop edition of its own."""

import struct
from pathlib import Path

import pytest

from docs.site import terminal
from tests.local.web.chromium import needed

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def size(picture: Path) -> tuple[int, int]:
    """Width and height of a PNG file."""
    head = picture.read_bytes()[:24]
    assert head.startswith(SIGNATURE)
    return struct.unpack(">II", head[16:])


def test_a_terminal_shows_a_command_and_all_that_it_prints_in_colour(tmp_path: Path) -> None:
    (tmp_path / "both.sh").write_text(r"printf '\033[31mred\033[0m & plain\n'; echo done >&2")
    shown = terminal.page(["sh both.sh"], tmp_path, {})
    assert "$ sh both.sh</span>\n" in shown
    assert ">red</span> &amp; plain\ndone\n" in shown


def test_a_command_that_fails_is_no_picture(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"`ls nowhere` ended with 2:"):
        terminal.page(["ls nowhere"], tmp_path, {})


@pytest.mark.nightly
def test_all_pictures_are_taken_anew(tmp_path: Path) -> None:
    from docs.site import screenshots  # whose browser only `make check` installs

    needed()
    screenshots.main(tmp_path)
    assert {one.name for one in tmp_path.iterdir()} == {one.name for one in screenshots.IMAGES.glob("*.png")}
    sizes = {one.stem: size(one) for one in tmp_path.iterdir()}
    assert (sizes["overview"], sizes["task-phone"]) == (screenshots.WIDE, screenshots.NARROW)
    assert sizes["terminal"][0] > screenshots.WIDE[0] / 2
