"""Dagster's events as JSON lines, for whatever collects logs: one object an event, in logs/events.jsonl."""

import json
import logging
from datetime import UTC, datetime


class JsonFormatter(logging.Formatter):
    """A log record as one line of JSON: time (UTC), level, job, run, step, kind of event, message."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        meta = getattr(record, "dagster_meta", {})
        event = meta.get("dagster_event")
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "job": meta.get("job_name"),
            "run_id": meta.get("run_id"),
            "step": meta.get("step_key"),
            "event": event.event_type_value if event else None,
            "message": meta.get("orig_message") or record.getMessage(),
        }
        return json.dumps({name: value for name, value in line.items() if value is not None})
