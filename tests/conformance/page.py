"""docs/conformance.md, made of the cases and the differences: python -m conformance.page writes it (in tests/)."""

from __future__ import annotations

import json
import re

from harness.postgres import ROOT

from .cases import CASES
from .differences import ON_PURPOSE, VOLATILE

PAGE = ROOT / "docs" / "conformance.md"

HEAD = """\
# Compared with Debezium, record by record

`make conformance` runs Debezium's PostgreSQL connector {version} (Kafka Connect {kafka}) and Leat with the same configuration (`leat run
--debezium`) on the same databases, and compares topic, key, headers and value of every record, down to each field, its type and the
order of fields; the order of records within each topic too. Whatever differs and does not stand on this page fails. So does a difference
on this page that a case names and that is no longer there. `make test` runs the cases marked *short*.

This page is made of the cases (`tests/conformance/cases`) and the differences (`tests/conformance/differences.py`); a test fails where it
is not what they say.
"""


def versions():
    """(Debezium, Kafka) of scripts/debezium/pom.xml."""
    text = (ROOT / "scripts" / "debezium" / "pom.xml").read_text()
    return [re.search(rf"<{name}\.version>(.*?)(\.Final)?<", text).group(1) for name in ("debezium", "kafka")]


def options(case):
    """Without the converters' schemas, which have a column of their own."""
    shown = [f"`{name}={value}`" for name, value in case.options.items() if not name.endswith("converter.schemas.enable")]
    return "<br>".join(shown)


def render():
    debezium, kafka = versions()
    lines = [HEAD.format(version=debezium, kafka=kafka), "## Differences on purpose\n"]
    for number, difference in enumerate(ON_PURPOSE, 1):
        cases = [f"`{case.name}`" for case in CASES if difference.name in case.differences]
        where = "nearly every case" if difference.everywhere else ", ".join(cases)
        lines.append(f"{number}. **{difference.name}.** {difference.reason} Seen in {where}.")
    lines.append("\n## Fields of their moment\n\nThese cannot be the same, and are compared only in their type:\n")
    lines += [f"- **{difference.name}**: {difference.reason}" for difference in VOLATILE]
    lines.append("\n## Cases\n\nEach is a snapshot and a stream, unless it says otherwise.\n")
    lines.append("| case | what | options | schemas | PostgreSQL | short |\n|---|---|---|---|---|---|")
    for case in CASES:
        schemas = "yes" if case.options.get("value.converter.schemas.enable") == "true" else ""
        majors = ", ".join(map(str, case.majors))
        short = "short" if case.short else ""
        lines.append(f"| `{case.name}` | {case.about.replace('|', '/')} | {options(case)} | {schemas} | {majors} | {short} |")
    return "\n".join(lines) + "\n"


def unused():
    """Differences that no case names."""
    named = {name for case in CASES for name in case.differences}
    return [difference.name for difference in ON_PURPOSE if difference.name not in named and not difference.everywhere]


if __name__ == "__main__":
    PAGE.write_text(render())
    print(json.dumps({"cases": len(CASES), "differences": len(ON_PURPOSE), "unused": unused()}))
