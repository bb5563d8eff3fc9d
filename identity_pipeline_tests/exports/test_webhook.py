"""Webhooks, against a real HTTP server on the loopback."""

import datetime
import hashlib
import json
import logging
import threading
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pyarrow as pa
import pytest

from identity_pipeline.exports.errors import ExportFailed
from identity_pipeline.exports.webhook import idempotency_key, post_changes
from identity_pipeline_tests.exports.sample import DAY, arrow, export_of

ENTERED = arrow(CustomerId=["ANN", "BEN", "CAT"], Email=["ann@x.org", "ben@x.org", None])
LEFT = arrow(CustomerId=["DEV"])
NOBODY = LEFT.slice(0, 0)
PATH = "/hooks/t0ken-in-the-path"


class Receiver(ThreadingHTTPServer):
    """Answers with the statuses it is given, then 200; remembers what it got."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers, self.got = [], []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}{PATH}?key=t0ken-in-the-query"

    @property
    def bodies(self):
        return [json.loads(body) for _, body in self.got]

    @property
    def keys(self):
        return [headers["Idempotency-Key"] for headers, _ in self.got]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), body))
        status, headers = self.server.answers.pop(0) if self.server.answers else (200, {})
        if status is None:  # hang up without an answer
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)  # what was sent comes back, as in many an error page

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver():
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(30)


@pytest.fixture
def pauses():
    return []


def post(receiver, pauses, entered=ENTERED, left=LEFT, **changes):
    export = export_of("webhook", url=receiver.url, **changes)
    return post_changes(export, entered, left, DAY, wait=pauses.append)


def failure(receiver, pauses, **changes):
    with pytest.raises(ExportFailed) as raised:
        post(receiver, pauses, **changes)
    return raised.value


def test_changes_are_posted_as_json(receiver, pauses):
    post(receiver, pauses)

    assert receiver.bodies == [
        {
            "export": "ads",
            "ingestion_date": "2022-07-24",
            "entered": [
                {"CustomerId": "ANN", "Email": "ann@x.org"},
                {"CustomerId": "BEN", "Email": "ben@x.org"},
                {"CustomerId": "CAT", "Email": None},
            ],
            "left": [{"CustomerId": "DEV"}],
        }
    ]


@pytest.mark.parametrize(
    ("batch", "batches"),
    [
        (1, [("ANN", ""), ("BEN", ""), ("CAT", ""), ("", "DEV")]),
        (2, [("ANN BEN", ""), ("CAT", "DEV")]),
        (3, [("ANN BEN CAT", ""), ("", "DEV")]),
        (4, [("ANN BEN CAT", "DEV")]),
    ],
)
def test_a_batch_has_at_most_so_many_changes_and_none_is_lost(receiver, pauses, batch, batches):
    post(receiver, pauses, batch=batch)

    assert [
        tuple(" ".join(row["CustomerId"] for row in body[name]) for name in ("entered", "left"))
        for body in receiver.bodies
    ] == batches


def test_where_nobody_entered_or_left_nothing_is_posted(receiver, pauses):
    posted = post(receiver, pauses, entered=NOBODY, left=NOBODY)

    assert (posted.batches, receiver.got) == (0, [])


def test_a_server_that_fails_twice_is_asked_a_third_time_with_the_same_key(receiver, pauses):
    receiver.answers = [(503, {}), (500, {})]
    posted = post(receiver, pauses)

    assert (posted.batches, posted.attempts, pauses) == (1, 3, [1.0, 2.0])
    assert len(set(receiver.keys)) == 1


def test_the_key_is_the_same_when_the_day_is_run_again_and_another_for_each_batch(receiver, pauses):
    post(receiver, pauses, batch=2)
    post(receiver, pauses, batch=2)

    first, second = receiver.keys[:2], receiver.keys[2:]
    assert (first, len(set(first))) == (second, 2)


def test_the_key_is_a_hash_of_export_day_number_and_body():
    text = b'["ads", "2022-07-24", 0]\n{}'

    assert idempotency_key("ads", DAY, 0, b"{}") == hashlib.sha256(text).hexdigest()


PAUSES = [
    # what Retry-After says, the pause
    ("7", 7.0),
    ("0", 1.0),
    ("soon", 1.0),
    ("", 1.0),
]


@pytest.mark.parametrize(("asked", "pause"), PAUSES)
def test_a_server_is_waited_for_as_long_as_it_asks(receiver, pauses, asked, pause):
    receiver.answers = [(429, {"Retry-After": asked})]
    post(receiver, pauses)

    assert pauses == [pause]


def test_a_server_may_ask_with_a_date(receiver, pauses):
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=60)
    receiver.answers = [(503, {"Retry-After": format_datetime(later, usegmt=True)})]
    post(receiver, pauses)

    assert 50 < pauses[0] <= 60


def test_a_server_that_asks_for_too_long_is_not_waited_for(receiver, pauses):
    receiver.answers = [(429, {"Retry-After": "3600"})]

    assert "asks to wait 3600 s" in str(failure(receiver, pauses))
    assert (pauses, len(receiver.got)) == ([], 1)


@pytest.mark.parametrize("answer", [(502, {}), (None, {})], ids=["an error", "no answer"])
def test_a_server_that_never_accepts_is_given_up(receiver, pauses, answer):
    receiver.answers = [answer] * 9

    assert "at attempt 5 of 5" in str(failure(receiver, pauses))
    assert pauses == [1.0, 2.0, 4.0, 8.0]


@pytest.mark.parametrize("status", [400, 401, 404, 410, 422, 301, 308])
def test_a_refusal_is_not_repeated(receiver, pauses, status):
    receiver.answers = [(status, {"Location": "http://example.org/"})]

    assert f"{status}" in str(failure(receiver, pauses))
    assert len(receiver.got) == 1


@pytest.mark.parametrize("status", [400, 500, 302])
def test_an_error_shows_neither_people_nor_secrets(receiver, pauses, monkeypatch, status):
    monkeypatch.setenv("HOOK_TOKEN", "t0ken-in-the-header")
    receiver.answers = [(status, {"Location": receiver.url})] * 9
    error = failure(receiver, pauses, secret_headers={"Authorization": "HOOK_TOKEN"})

    text = f"{error!r} {error} {error.__cause__!r} {error.__suppress_context__}"
    assert "export 'ads', http://127.0.0.1" in text
    assert not [word for word in ("t0ken", "ann@x.org", "ANN") if word in text]


def test_a_headers_value_comes_from_the_environment(receiver, pauses, monkeypatch):
    monkeypatch.setenv("HOOK_TOKEN", "Bearer t0ken")
    post(receiver, pauses, secret_headers={"Authorization": "HOOK_TOKEN"})

    assert receiver.got[0][0]["Authorization"] == "Bearer t0ken"


def test_a_headers_variable_that_is_not_set_is_told(receiver, pauses, monkeypatch):
    monkeypatch.delenv("HOOK_TOKEN", raising=False)
    error = failure(receiver, pauses, secret_headers={"Authorization": "HOOK_TOKEN"})

    assert "HOOK_TOKEN is not set; it holds the header 'Authorization'" in str(error)
    assert receiver.got == []


def test_the_log_does_not_hold_the_url(receiver, pauses, caplog):
    caplog.set_level(logging.INFO)
    post(receiver, pauses)

    assert "t0ken" not in caplog.text


def test_numbers_are_exact_in_the_body(receiver, pauses):
    table = pa.table({"n": pa.array([2**60 + 1], pa.int64())})
    post(receiver, pauses, entered=table, left=NOBODY)

    assert b'"n":1152921504606846977' in receiver.got[0][1]
