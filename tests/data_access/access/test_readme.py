"""The README's table of roles is the table of permissions."""

from __future__ import annotations

from pathlib import Path

from data_access.access.permissions import PERMISSIONS, Action, Role

README = Path(__file__).resolve().parents[3] / "README.md"


def test_the_readme_says_who_may_do_what() -> None:
    lines = README.read_text(encoding="utf-8").splitlines()
    start = lines.index("| action | " + " | ".join(Role) + " |")
    rows = lines[start + 2 : start + 2 + len(Action)]
    wanted = [f"| `{action}` | " + " | ".join("yes" if role in PERMISSIONS[action] else "" for role in Role) + " |" for action in Action]
    assert [" ".join(row.split()) for row in rows] == [" ".join(row.split()) for row in wanted]
