"""Medians and ratios, and the table of them."""

from dataclasses import dataclass
from statistics import median


@dataclass
class Row:
    measure: str
    leat: str
    reference: str = ""
    ratio: str = ""
    goal: str = ""


def spread(values, form):
    low, middle, high = min(values), median(values), max(values)
    text = format(middle, form)
    return text if len(values) == 1 else f"{text} ({format(low, form)}–{format(high, form)})"


def compared(measure, leat, reference, form, goal="", met=None, unit=""):
    """Pairs measured one after the other; `ratio` is the median of the pairs' ratios. `met` judges it."""
    ratios = [ours / theirs for ours, theirs in zip(leat, reference, strict=True)]
    mark = "" if met is None else ", met" if met(median(ratios)) else ", NOT met"
    return Row(measure, spread(leat, form) + unit, spread(reference, form) + unit, spread(ratios, ".2f"), goal + mark)


def alone(measure, values, form, goal="", met=None, unit=""):
    mark = "" if met is None else ", met" if met(median(values)) else ", NOT met"
    return Row(measure, spread(values, form) + unit, goal=goal + mark)


def table(rows):
    cells = [["", "Leat", "reference", "ratio", "goal"], *([r.measure, r.leat, r.reference, r.ratio, r.goal] for r in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(5)]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def resources(name, leats, changes, judged=True):
    """What `leat run` and, apart from it, `leat log` used. judged: against the goals."""
    millions = changes / 1e6
    cpu = ("≤ 2", lambda value: value <= 2) if judged else ("", None)
    memory = ("≤ 60 MB", lambda value: value <= 60) if judged else ("", None)
    return [
        alone(f"{name}: `leat run`, CPU s per million changes", [c.run.cpu / millions for c in leats], ",.2f", *cpu),
        alone(f"{name}: `leat run`, peak memory", [c.run.peak_bytes / 1e6 for c in leats], ".0f", *memory, " MB"),
        alone(f"{name}: `leat log`, CPU s per million changes", [c.reader.cpu / millions for c in leats], ",.2f"),
        alone(f"{name}: `leat log`, peak memory", [c.reader.peak_bytes / 1e6 for c in leats], ".0f", unit=" MB"),
    ]
