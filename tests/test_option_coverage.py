"""Each option that docs/compatibility.md calls working stands in a test that drives the binary."""

import re
import subprocess
from pathlib import Path

from harness.leat import BINARY

HERE = Path(__file__).parent


def working_options():
    out = subprocess.run([BINARY, "options"], capture_output=True, text=True, check=True).stdout
    rows = [line.split("\t") for line in out.splitlines()]
    return [name for name, state, *_ in rows if state in ("works", "works, with differences")]


def pattern(name):
    """The option as tests write it: `slot.name`, or slot__name as a keyword. <parts> are whatever the test has."""
    text = re.sub(r"<[^>]*>", "\0", name)
    text = re.escape(text).replace("\0", r"[^\"'= ]+")
    return re.compile(rf"(?<![\w.])({text}|{text.replace(re.escape('.'), '__')})(?![\w.])")


def test_every_working_option_is_tested(binary):
    names = working_options()
    assert len(names) > 50
    sources = [p.read_text() for p in HERE.rglob("*.py") if p.name != Path(__file__).name]
    missing = [name for name in names if not any(pattern(name).search(text) for text in sources)]
    assert not missing, f"no test has {', '.join(missing)}"
