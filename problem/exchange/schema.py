"""The JSON schema of instance files, made from the one table of arrays.

``instance.schema.json`` beside this file is what `schema_text` returns; a test holds them equal. A schema
cannot say that shapes fit each other or that accuracy does not fall: what it refuses, `Instance.load`
refuses too, but not the other way round.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from ..fields import FIELDS, Field
from ..instance import KIND
from .axes import DIMENSIONS

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_LONGEST_NAME = 200
_LEAST_AXES = {"requests": 2, "footprint": 1}
"""Arrays that give an instance its size: as many axes must be written out."""


def instance_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of an instance in a ``.json`` file."""
    properties: dict[str, Any] = {"edgeopt": {"const": KIND}}
    properties |= {name: _array(name, field) for name, field in FIELDS.items()}
    properties["slot_seconds"] = {
        "description": "Length of a slot (seconds).",
        "type": "number",
        "exclusiveMinimum": 0,
        "maximum": sys.float_info.max,
        "default": 1,
    }
    for name in ("server_names", "model_names", "service_names"):
        properties[name] = {
            "description": "One different name each.",
            "type": "array",
            "items": {"type": "string", "maxLength": _LONGEST_NAME, "pattern": "^[^\\u0000]*$"},
            "minItems": 1,
            "uniqueItems": True,
        }
    required = [name for name, field in FIELDS.items() if field.default is None]
    return {
        "$schema": DRAFT,
        "$id": "urn:edgeopt:instance:1",
        "title": "edgeopt instance",
        "description": "Joint model caching and inference offloading: requests, servers, models, services "
        "and costs. A scalar, or an array that lacks leading axes, holds along them.",
        "type": "object",
        "properties": properties,
        "required": ["edgeopt", *required],
        "additionalProperties": False,
    }


def schema_text() -> str:
    """Return the schema as it is published."""
    return json.dumps(instance_schema(), indent=1) + "\n"


def _array(name: str, field: Field) -> dict[str, Any]:
    """Return the schema of one array, with any number of axes from the least allowed to all."""
    shapes = []
    for axes in range(len(field.axes) + 1):
        shape = _number(field)
        for _ in range(axes):
            shape = {"type": "array", "items": shape, "minItems": 1}
        if axes >= _LEAST_AXES.get(name, 0):
            shapes.append(shape)
    axes_in_words = " x ".join(DIMENSIONS[axis] for axis in field.axes)
    content: dict[str, Any] = {"description": f"{axes_in_words} ({field.unit})."}
    content |= shapes[0] if len(shapes) == 1 else {"anyOf": shapes}
    if field.default is not None:
        content["default"] = "inf" if field.infinite else field.default
    return content


def _number(field: Field) -> dict[str, Any]:
    number: dict[str, Any] = {"type": "integer" if field.whole else "number"}
    number["exclusiveMinimum" if field.positive else "minimum"] = 0
    number["maximum"] = int(field.high) if field.whole else float(field.high)
    return {"anyOf": [number, {"const": "inf"}]} if field.infinite else number
