"""Prints the JSON that Grafana reads: `python -m deploy.grafana.dashboard > deploy/grafana/cleanplate.json`."""

import json
import sys
from collections.abc import Iterator
from itertools import count
from typing import Any, Final

from deploy.grafana.panels import ROWS, Panel, Query, Row

WIDE: Final = 24  # Grafana's columns
HIGH, LOW = 8, 4
SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}


def dashboard() -> dict[str, Any]:
    """Return the whole of it."""
    return {
        "uid": "cleanplate",
        "title": "cleanplate",
        "tags": ["cleanplate"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "5s",
        "time": {"from": "now-15m", "to": "now"},
        "templating": {"list": _variables()},
        "panels": list(_placed()),
    }


def _variables() -> list[dict[str, Any]]:
    stream = "label_values(cleanplate_start_time_seconds, stream)"
    return [
        {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
        {
            "name": "stream",
            "label": "Stream",
            "type": "query",
            "datasource": SOURCE,
            "query": {"query": stream, "refId": "streams"},
            "refresh": 2,
            "multi": True,
            "includeAll": True,
            "allValue": ".*",
            "current": {"text": "All", "value": "$__all"},
        },
    ]


def _placed() -> Iterator[dict[str, Any]]:
    """Yield every row's title and panels, each with its place."""
    ids, top = count(1), 0
    for row in ROWS:
        yield {"id": next(ids), "type": "row", "title": row.title, "gridPos": _place(0, top, WIDE, 1), "panels": []}
        top += 1
        height, width = _size(row)
        for index, panel in enumerate(row.panels):
            yield {"id": next(ids), **_panel(panel), "gridPos": _place(index * width, top, width, height)}
        top += height


def _size(row: Row) -> tuple[int, int]:
    return LOW if all(panel.stat for panel in row.panels) else HIGH, WIDE // len(row.panels)


def _place(x: int, y: int, w: int, h: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": w, "h": h}


def _panel(panel: Panel) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": panel.unit, "min": 0}
    if panel.alarm is not None:
        steps = [{"color": "green", "value": None}, {"color": "red", "value": panel.alarm}]
        defaults |= {"thresholds": {"mode": "absolute", "steps": steps}}
    if not panel.stat:
        stacking = {"mode": "normal" if panel.stack else "none", "group": "A"}
        defaults |= {"custom": {"fillOpacity": 20 if panel.stack else 5, "stacking": stacking}}
    return {
        "type": "stat" if panel.stat else "timeseries",
        "title": panel.title,
        "description": panel.text,
        "datasource": SOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "targets": [_target(query, "ABCD"[index]) for index, query in enumerate(panel.queries)],
    }


def _target(query: Query, name: str) -> dict[str, Any]:
    target = {"refId": name, "datasource": SOURCE, "expr": query.expr}
    return target | ({"legendFormat": query.legend} if query.legend else {})


def text() -> str:
    """Return it as the file has it."""
    return json.dumps(dashboard(), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
