"""Who may speak to the engine: peers on the Unix socket, holders of the token on the network."""

from __future__ import annotations

import grp
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Iterator, Tuple

import httpx
import pytest
from engine.engines import run
from engine.services import Service, running_service

from appliance.engine.api.auth import RateLimit, TokenCheck, new_token, write_token
from appliance.engine.api.links import LINK_SECONDS, MOST_LINKS, Links
from appliance.engine.api.peers import Peer, group_number, may_speak, peer_of
from appliance.engine.client import EngineClient
from appliance.engine.job import State
from appliance.errors import JobNotFound, LinkUnavailable, SettingsInvalid, TooManyRequests, Unauthorised

ROOT = os.geteuid() == 0


# --- Unix socket ------------------------------------------------------------------------------------------------------


def test_the_kernel_says_who_is_at_the_other_end() -> None:
    one, other = socket.socketpair()
    with one, other:
        peer = peer_of(one)
    assert peer.uid == os.geteuid()
    assert peer.groups >= {os.getegid(), *os.getgroups()}


@pytest.mark.parametrize(
    "uid, groups, group, allowed",
    [
        (os.geteuid(), (), None, True), (0, (), None, True), (4242, (77,), 77, True), (4242, (78,), 77, False),
        (4242, (77,), None, False),
    ],
)  # fmt: skip
def test_own_user_root_and_one_group_may_speak(uid: int, groups: Tuple[int, ...], group: int, allowed: bool) -> None:
    assert may_speak(Peer(uid, frozenset(groups)), group) is allowed


def test_a_group_that_does_not_exist_is_a_mistake_in_the_settings() -> None:
    assert group_number("") is None
    with pytest.raises(SettingsInvalid, match=r"engine\.group"):
        group_number("nobody-has-such-a-group")


ASK = """
import os, socket, sys
path, uid, groups = sys.argv[1], int(sys.argv[2]), [int(group) for group in sys.argv[3].split(",") if group]
os.setgroups(groups)
os.setgid(uid)
os.setuid(uid)
peer = socket.socket(socket.AF_UNIX)
peer.connect(path)
peer.sendall(b"GET /v1/health HTTP/1.1\\r\\nHost: engine\\r\\nConnection: close\\r\\n\\r\\n")
print(b"".join(iter(lambda: peer.recv(9999), b"")).decode())
"""
STRANGER = 4242


@pytest.mark.skipif(not ROOT, reason="only root can become another user")
@pytest.mark.parametrize("groups, status", [("", 403), ("65534", 403), ("daemon", 200)])
def test_a_stranger_is_refused_even_where_the_mode_of_the_socket_lets_everybody_in(groups: str, status: int) -> None:
    number = str(grp.getgrnam("daemon").gr_gid)
    with running_service(ENGINE_GROUP="daemon") as service:
        service.folder.chmod(0o755)
        service.socket.parent.chmod(0o755)
        service.socket.chmod(0o666)
        command = [sys.executable, "-c", ASK, str(service.socket), str(STRANGER), groups.replace("daemon", number)]
        answer = subprocess.check_output(command, text=True)
    assert answer.startswith(f"HTTP/1.1 {status} ")
    if status == 403:
        assert "application/problem+json" in answer and '"code":"unauthorised"' in answer


# --- token ------------------------------------------------------------------------------------------------------------


def test_only_the_right_token_is_accepted(tmp_path: Path) -> None:
    token = new_token()
    write_token(tmp_path / "token", token)
    assert token not in (tmp_path / "token").read_text()
    assert (tmp_path / "token").stat().st_mode & 0o777 == 0o600

    async def test() -> None:
        check = TokenCheck(tmp_path / "token")
        wrong = ["", " ", token[:-1], token + "x", token.swapcase(), "\udcff", "ü"]
        assert not any([await check.accepts(other) for other in wrong])
        assert await check.accepts(token)
        assert await check.accepts(token)
        assert not any([await check.accepts(other) for other in wrong])

    run(test())


def test_a_new_token_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    old, new = new_token(), new_token()
    for token in (old, new):
        write_token(tmp_path / "token", token)

    async def test() -> None:
        check = TokenCheck(tmp_path / "token")
        assert (await check.accepts(old), await check.accepts(new)) == (False, True)

    run(test())
    assert [path.name for path in tmp_path.iterdir()] == ["token"]


def test_a_token_file_that_cannot_be_trusted_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "token"
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        TokenCheck(path)
    for content in ("", "hunter2", "scrypt$zz$zz", "md5$00$00"):
        path.write_text(content)
        path.chmod(0o600)
        with pytest.raises(SettingsInvalid, match="damaged"):
            TokenCheck(path)
    write_token(path, "token")
    path.chmod(0o640)
    with pytest.raises(SettingsInvalid, match="chmod 600"):
        TokenCheck(path)


def test_the_rate_is_limited_for_each_address_and_recovers() -> None:
    now = [0.0]
    limit = RateLimit(3, lambda: now[0])
    assert [limit.admits("a") for _ in range(5)] == [True, True, True, False, False]
    assert limit.admits("b")
    now[0] = 20.0
    assert [limit.admits("a") for _ in range(2)] == [True, False]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def on_network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tuple[Service, str, str]]:
    """A service that also listens on TCP, with its address and token."""
    path, token, port = tmp_path_factory.mktemp("token") / "token", new_token(), free_port()
    write_token(path, token)
    settings = {"LISTEN_HOST": "127.0.0.1", "LISTEN_PORT": str(port), "LISTEN_TOKEN_FILE": str(path)}
    with running_service(**settings, LISTEN_REQUESTS_PER_MINUTE="40", LIMITS_PHOTO_MEGABYTES="1") as service:
        yield service, f"http://127.0.0.1:{port}", token


def test_a_job_is_made_over_the_network_with_the_token(on_network: Tuple[Service, str, str], tmp_path: Path) -> None:
    service, url, token = on_network
    photo, speech = service.inputs()
    with EngineClient(url=url, token=token) as client:
        job_id = client.submit(photo, speech).job.id
        assert [view.job.state.value for view in client.events(job_id)][-1] == "done"
        client.save(job_id, tmp_path / "o.mp4")
    assert (tmp_path / "o.mp4").stat().st_size > 0


def test_without_the_token_nothing_is_told_and_nothing_taken(on_network: Tuple[Service, str, str]) -> None:
    service, url, token = on_network
    with httpx.Client(base_url=url) as http:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {token}"}):
            for method, path in (("GET", "/v1/health"), ("GET", "/openapi.json"), ("POST", "/v1/jobs"), ("GET", "/x")):
                answer = http.request(method, path, headers=headers)
                assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised")
                assert answer.headers["www-authenticate"] == "Bearer"
    assert token not in service.log.read_text()


def test_a_link_leads_to_its_video_without_the_token(on_network: Tuple[Service, str, str], tmp_path: Path) -> None:
    service, url, _ = on_network
    job_id = service.submit()
    service.wait_for(job_id, State.DONE)
    with service.client() as client, httpx.Client(base_url=url, trust_env=False) as phone:
        path, seconds = client.link(job_id)
        assert 60 < seconds < 3600
        client.save(job_id, tmp_path / "video.mp4")
        answer = phone.get(path)
        assert (answer.status_code, answer.content) == (200, (tmp_path / "video.mp4").read_bytes())
        assert phone.get(path, headers={"Range": "bytes=0-3"}).content == answer.content[:4]
        assert phone.get(path[:-1] + ("A" if path[-1] != "A" else "B")).status_code == 404
        assert phone.get(f"/v1/jobs/{job_id}/video").status_code == 401
        assert phone.post(path).status_code == 401
        client.delete(job_id)
        assert phone.get(path).status_code == 404


def test_a_link_ends_after_a_while_and_there_are_never_too_many() -> None:
    now = [0.0]
    links = Links(clock=lambda: now[0])
    first = links.make("a" * 32)
    assert links.job_of(first) == "a" * 32
    now[0] = LINK_SECONDS
    with pytest.raises(JobNotFound):
        links.job_of(first)
    second = links.make("b" * 32)
    for _ in range(MOST_LINKS):
        links.make("c" * 32)
    with pytest.raises(JobNotFound):
        links.job_of(second)


def test_without_a_network_there_are_no_links(service: Service) -> None:
    job_id = service.submit()
    service.wait_for(job_id, State.DONE)
    with service.client() as client, pytest.raises(LinkUnavailable):
        client.link(job_id)


def test_too_many_requests_are_refused_for_a_while(on_network: Tuple[Service, str, str]) -> None:
    """Comes last: it uses up what the address may ask."""
    service, url, token = on_network
    with EngineClient(url=url, token=token) as client:
        with pytest.raises(TooManyRequests):
            for _ in range(100):
                client.health()
    with EngineClient(url=url, token="wrong") as client, pytest.raises((TooManyRequests, Unauthorised)):
        client.health()
    with service.client() as client:
        assert client.health().status == "ok"
