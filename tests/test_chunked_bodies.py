"""Bodies without a length, sent in chunks (RFC 9112, section 7.1), in the deployment and in development."""

import json
import socket
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path

import pytest
import requests

from tests.support.factories import phone_number
from tests.support.servers import PATIENCE_SECONDS
from tests.support.service import Service, service

REGISTRATION = "/api/registration/"


@pytest.fixture(scope="module", params=["gunicorn", "runserver"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder: Path = tmp_path_factory.mktemp(request.param)
    debug = str(request.param == "runserver")
    with service(folder, DEBUG=debug, LIMIT_CODES_PER_ADDRESS="", LIMIT_CODES_PER_BLOCK="") as running:
        running.migrate()
        if request.param == "gunicorn":
            running.start_web()
        else:
            running.start_development_server()
        yield running


def registration() -> bytes:
    return json.dumps({"phone_number": phone_number(), "username": "Анна"}).encode()


def send_in_chunks(server: Service, parts: Iterator[bytes]) -> requests.Response:
    return server.request("POST", REGISTRATION, data=parts, headers={"Content-Type": "application/json"})


def send_raw(server: Service, chunks: bytes) -> tuple[int, bytes]:
    """Send the bytes of a chunked body unchanged, then nothing more."""
    head = f"POST {REGISTRATION} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    head += "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE_SECONDS) as connection:
        connection.sendall(head.encode() + chunks)
        connection.shutdown(socket.SHUT_WR)
        response = HTTPResponse(connection)
        response.begin()
        return response.status, response.read()


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_body_in_chunks_of_any_size_is_read(server: Service, size: int) -> None:
    body = registration()

    answer = send_in_chunks(server, (body[start : start + size] for start in range(0, len(body), size)))

    assert answer.status_code == 202, answer.text


def test_chunks_with_extensions_and_trailers_are_read(server: Service) -> None:
    body = registration()
    chunks = b"%X;name=value\r\n%s\r\n0\r\nX-Digest: abc\r\n\r\n" % (len(body), body)

    status, answer = send_raw(server, chunks)

    assert status == 202, answer


def test_next_request_of_the_connection_is_read(server: Service) -> None:
    with requests.Session() as connection:
        url = f"http://127.0.0.1:{server.port}{REGISTRATION}"
        statuses = [
            connection.post(url, data=iter([registration()]), headers={"Content-Type": "application/json"}).status_code
            for _ in range(3)
        ]

    assert statuses == [202, 202, 202]


def test_too_large_body_is_refused_before_its_end(server: Service) -> None:
    chunk = b"2000\r\n" + b" " * 0x2000 + b"\r\n"

    status, answer = send_raw(server, chunk * 9)

    assert status == 413
    assert json.loads(answer)["code"] == "body_too_large"


@pytest.mark.parametrize("end", [b"", b"zz\r\n", b"-5\r\n{}", b"FFFFFFFFFFFFFFFFF\r\n", b"5\r\n{"])
def test_broken_chunks_are_refused(server: Service, end: bytes) -> None:
    status, answer = send_raw(server, b'A\r\n{"phone_nu\r\n' + end)

    # Gunicorn answers some of them itself.
    assert status == 400
    assert b"required" not in answer


def test_form_of_a_page_is_read(server: Service) -> None:
    with requests.Session() as browser:
        page = f"http://127.0.0.1:{server.port}/sign-in/"
        token = browser.get(page).text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        form = f"csrfmiddlewaretoken={token}&phone_number=nonsense".encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Referer": page}

        answer = browser.post(page, data=iter([form]), headers=headers)

    assert answer.status_code == 200
    assert 'value="nonsense"' in answer.text
