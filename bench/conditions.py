"""What a row condition costs: `leat log` over changes none of which pass."""

import reading

CONDITIONS = {
    "two comparisons": "status = 'lost' AND amount > 100",
    "nine of IN, LIKE and arithmetic":
        "customer_id IN (-1, -2, -3, -4, -5, -6, -7, -8, -9) OR note LIKE '%no such word%' OR amount * 2 < weight - 1e9",
}


def measure(context, workload):
    ways = {name: ("--format", "debezium", "--where", condition) for name, condition in CONDITIONS.items()}
    return reading.measure(context, "conditions", workload, ways)
