"""Webhooks: who entered and who left a segment, posted as JSON, repeated where that helps."""

import datetime
import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx
import pyarrow as pa

from identity_pipeline.exports.cells import json_rows
from identity_pipeline.exports.errors import ExportFailed
from identity_pipeline.terms.exports import Webhook

# How often a request is made before it has failed.
ATTEMPTS = 5
# Seconds before the second attempt; each later pause is twice as long.
FIRST_PAUSE = 1.0
# Seconds; a server that asks for more patience is tried by the next run, not by this one.
LONGEST_PAUSE = 120.0
# Seconds to wait for a connection and for an answer.
TIMEOUT = 30.0
# At INFO the client logs every URL, and a webhook's path is often its password.
logging.getLogger("httpx").setLevel(logging.WARNING)

TOO_MANY_REQUESTS, FIRST_SERVER_ERROR, FIRST_REFUSAL = 429, 500, 300


@dataclass(frozen=True)
class Posted:
    """What a webhook accepted.

    Attributes:
        batches: requests accepted; none where nobody entered or left.
        attempts: requests made, repeated ones counted.
        entered, left: customers told of.
    """

    batches: int
    attempts: int
    entered: int
    left: int


def post_changes(
    export: Webhook,
    entered: pa.Table,
    left: pa.Table,
    day: datetime.date,
    wait: Callable[[float], object] = time.sleep,
) -> Posted:
    """Post changes in batches: `{export, ingestion_date, entered: [...], left: [...]}`.

    `Idempotency-Key` is the SHA-256 of export, day, number of the batch and body: a run that is
    repeated sends the same keys, and a server that remembers them takes no change twice.

    Args:
        export: where to; its headers' values are taken from the environment.
        entered: rows of those who are new, in order.
        left: rows of those who are gone, in order.
        day: the day of the data.
        wait: pauses for so many seconds.

    Raises:
        ExportFailed: a header's variable is not set, the server refuses, or it still does not
            answer after `ATTEMPTS`. Batches accepted before stay accepted.
    """
    shown = _shown(export.url)
    headers = {"Content-Type": "application/json"} | _secret_headers(export, shown)
    attempts = batches = 0
    with httpx.Client(timeout=TIMEOUT, headers=headers) as client:
        for number, body in enumerate(_bodies(export, entered, left, day)):
            request = client.build_request("POST", export.url, content=body)
            request.headers["Idempotency-Key"] = idempotency_key(export.name, day, number, body)
            attempts += _deliver(client, request, _Delivery(export.name, shown, number, wait))
            batches += 1
    return Posted(batches, attempts, entered.num_rows, left.num_rows)


def idempotency_key(export: str, day: datetime.date, number: int, body: bytes) -> str:
    """SHA-256 in hexadecimal of export, day, the batch's number (from 0) and its body."""
    head = json.dumps([export, day.isoformat(), number]).encode()
    return hashlib.sha256(head + b"\n" + body).hexdigest()


@dataclass(frozen=True)
class _Delivery:
    export: str
    shown: str
    number: int
    wait: Callable[[float], object]

    def failed(self, what: str) -> ExportFailed:
        """The error; it names neither the URL's path nor anything that was sent."""
        return ExportFailed(self.export, self.shown, f"batch {self.number + 1}: {what}")


def _deliver(client: httpx.Client, request: httpx.Request, delivery: _Delivery) -> int:
    """Make a request until it is accepted; how often it was made."""
    for attempt in range(1, ATTEMPTS + 1):
        pause = FIRST_PAUSE * 2 ** (attempt - 1)
        try:
            response = client.send(request)
        except httpx.TransportError as error:
            problem = f"no answer ({type(error).__name__})"
        else:
            if response.status_code < FIRST_REFUSAL:
                return attempt
            problem = _problem(response, delivery)
            pause = _asked_pause(response) or pause
        if attempt == ATTEMPTS or pause > LONGEST_PAUSE:
            break
        delivery.wait(pause)
    later = f" and asks to wait {pause:.0f} s" if pause > LONGEST_PAUSE else ""
    raise delivery.failed(
        f"{problem}{later}, at attempt {attempt} of {ATTEMPTS}. Run the export again later: a "
        "server that remembers Idempotency-Key takes nothing twice"
    )


def _problem(response: httpx.Response, delivery: _Delivery) -> str:
    """What is wrong for a while; raises where a repetition would not help."""
    code = response.status_code
    if code == TOO_MANY_REQUESTS or code >= FIRST_SERVER_ERROR:
        return f"it answers {code}"
    if response.is_redirect:
        raise delivery.failed(f"it answers {code}, a redirection: write the new URL")
    raise delivery.failed(
        f"it refuses with {code}. Look at the URL, the headers' values, and what the server "
        "takes; nothing of what it answered is shown, as it may repeat what was sent"
    )


def _asked_pause(response: httpx.Response) -> float | None:
    """Seconds that `Retry-After` asks for: a number, or until a date."""
    asked = response.headers.get("Retry-After", "").strip()
    if asked.isdigit():
        return float(asked)
    try:
        moment = parsedate_to_datetime(asked)
    except ValueError:
        return None
    now = datetime.datetime.now(moment.tzinfo)
    return max((moment - now).total_seconds(), 0.0)


def _bodies(
    export: Webhook, entered: pa.Table, left: pa.Table, day: datetime.date
) -> Iterator[bytes]:
    """Batches of at most `export.batch` changes: those who entered, then those who left."""
    head = f'"export":{json.dumps(export.name)},"ingestion_date":"{day.isoformat()}"'
    total = entered.num_rows + left.num_rows
    for start in range(0, total, export.batch):
        new = entered.slice(start, export.batch)
        first_left = max(start - entered.num_rows, 0)
        gone = left.slice(first_left, export.batch - new.num_rows)
        parts = f'"entered":[{",".join(json_rows(new))}],"left":[{",".join(json_rows(gone))}]'
        yield f"{{{head},{parts}}}".encode()


def _secret_headers(export: Webhook, shown: str) -> dict[str, str]:
    for header, variable in export.secret_headers.items():
        if not os.environ.get(variable):
            raise ExportFailed(
                export.name,
                shown,
                f"the environment variable {variable} is not set; it holds the header '{header}'. "
                "Set it where runs are started",
            )
    return {header: os.environ[name] for header, name in export.secret_headers.items()}


def _shown(url: str) -> str:
    """Scheme and host: the path of a webhook is often its password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}"
