"""What a format costs: `leat log` writing all changes in it."""

import reading

FORMATS = ("debezium", "flat", "event", "cloudevents", "cloudevents-binary")


def measure(context, workload):
    return reading.measure(context, "formats", workload, {name: ("--format", name) for name in FORMATS})
