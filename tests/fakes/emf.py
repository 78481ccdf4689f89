"""CloudWatch's side of the embedded metric format: takes a log line, checks it, gives the values per metric."""

import json
from typing import Any

import jsonschema
from msgspec import Struct

UNITS = ["Seconds", "Microseconds", "Milliseconds", "Bytes", "Percent", "Count", "None"]
NAME = {"type": "string", "minLength": 1, "maxLength": 255}
SCHEMA = {
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "additionalProperties": False,
            "properties": {
                "Timestamp": {"type": "integer"},
                "CloudWatchMetrics": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["Namespace", "Dimensions", "Metrics"],
                        "additionalProperties": False,
                        "properties": {
                            "Namespace": NAME,
                            "Dimensions": {
                                "type": "array",
                                "minItems": 1,
                                "items": {"type": "array", "maxItems": 9, "items": NAME},
                            },
                            "Metrics": {
                                "type": "array",
                                "minItems": 1,
                                "maxItems": 100,
                                "items": {
                                    "type": "object",
                                    "required": ["Name"],
                                    "additionalProperties": False,
                                    "properties": {
                                        "Name": NAME,
                                        "Unit": {"enum": UNITS},
                                        "StorageResolution": {"enum": [1, 60]},
                                    },
                                },
                            },
                        },
                    },
                },
            },
        }
    },
}
"""After CloudWatch, "Specification: Embedded metric format", with its bounds (the older nine dimensions)."""
EVENT_BYTES_MAX = 256 * 1024
_VALIDATOR = jsonschema.Draft7Validator(SCHEMA)


class Datum(Struct, frozen=True):
    """Values of one metric under one set of dimensions, and what else stood in the line."""

    name: str
    dimensions: dict[str, str]
    values: list[float]
    unit: str
    properties: dict[str, Any]


def extract(line: bytes | str) -> list[Datum]:
    """What CloudWatch makes of one line. Asserts what its specification demands."""
    assert len(line) < EVENT_BYTES_MAX
    document = json.loads(line, parse_constant=lambda name: 1 / 0)
    _VALIDATOR.validate(document)
    found = []
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for definition in directive["Metrics"]:
            target = document[definition["Name"]]
            values = target if isinstance(target, list) else [target]
            assert 1 <= len(values) <= 100
            assert all(isinstance(value, int | float) for value in values)
            for dimension_set in directive["Dimensions"]:
                dimensions = {name: document[name] for name in dimension_set}
                assert all(_is_dimension(value) for value in dimensions.values()), dimensions
                targets = {
                    metric["Name"]
                    for each in document["_aws"]["CloudWatchMetrics"]
                    for metric in each["Metrics"]
                }
                others = document.keys() - targets - {"_aws"} - set(dimension_set)
                properties = {name: document[name] for name in others}
                found.append(
                    Datum(definition["Name"], dimensions, values, definition.get("Unit", "None"), properties)
                )
    return found


def _is_dimension(value: object) -> bool:
    """PutMetricData, "Dimension": ASCII, 1-1024 characters, at least one of them not white space."""
    return (
        isinstance(value, str) and value.isascii() and value.isprintable() and 0 < len(value.strip()) <= 1024
    )
