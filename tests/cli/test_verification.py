"""`whistle hooks verify`: genuine or not, by which secret, and which mistake was made."""

from __future__ import annotations

import base64
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from services.cli.__main__ import app
from services.cli.mistakes import secret_fault
from services.cli.verification import judge
from services.runtime.webhooks import secret_text, signature

KEY, OLD = bytes(range(200, 232)), b"o" * 32
SECRET, OLD_SECRET = secret_text(KEY), secret_text(OLD)
AT = 1_795_000_000
BODY = '{"type":"whistle.OrderDispatched","b":1,"a":"路灯不亮"}'.encode()


def signed(body: bytes = BODY, *keys: bytes, **changes: str | None) -> dict[str, str]:
    """Headers of a genuine request, unless changed; None leaves one out."""
    made = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(AT),
        "webhook-signature": signature(keys or (KEY,), "msg_1", AT, body),
    }
    changed = made | {f"webhook-{name}": value for name, value in changes.items()}
    return {name: value for name, value in changed.items() if value is not None}


def codes(secret: str, headers: dict[str, str], body: bytes = BODY, now_s: float = AT) -> set[str]:
    """The mistakes that are named."""
    found = judge((secret,), headers, body, now_s)
    assert found["verdict"] != "genuine"
    return {one["code"] for one in found["mistakes"]}


def run(*words: str, given: bytes = b"") -> tuple[int, Any]:
    """Run the command as a person does, for a machine."""
    result = CliRunner().invoke(app, ["hooks", "verify", "--json", *words], input=given)
    return result.exit_code, json.loads(result.stdout)


def raw(headers: dict[str, str], body: bytes = BODY, gap: str = "\r\n") -> bytes:
    """A request as a dump has it."""
    lines = [
        "POST /hooks?x=1 HTTP/1.1",
        "Host: street.example:9000",
        f"content-length: {len(body)}",
    ]
    lines += [f"{name.title()}: {value}" for name, value in headers.items()]
    return (gap.join(lines) + gap * 2).encode() + body


@pytest.mark.parametrize("gap", ["\r\n", "\n"])
def test_a_kept_request_is_found_genuine(tmp_path: Path, gap: str) -> None:
    """As it came over the line, or as an editor left it; also from standard input."""
    request = raw(signed(BODY + b"\n\n"), BODY + b"\n\n", gap)
    file = tmp_path / "request.http"
    file.write_bytes(request)
    for words, given in (((str(file),), b""), (("-",), request)):
        status, found = run("--secret", SECRET, "--at", str(AT + 60), *words, given=given)
        assert (status, found["verdict"], found["age_s"]) == (0, "genuine", 60)
        assert (found["matched"], found["mistakes"]) == ([1], [])


def test_headers_and_body_may_be_named_one_by_one(tmp_path: Path) -> None:
    """A framework keeps them apart; the instant may be written as people write it."""
    file = tmp_path / "body.json"
    file.write_bytes(BODY)
    sent = signed()
    words = ["--body", str(file), "--id", "msg_1", "--timestamp", str(AT), "--signature"]
    words += [sent["webhook-signature"], "--secret", SECRET]
    status, found = run(*words, "--at", "2026-11-18T19:06:40+08:00")
    assert (status, found["verdict"], found["age_s"]) == (0, "genuine", 0)
    status, found = run(*words, "--at", "2026-11-18T19:06:40")
    assert (status, found["verdict"], found["age_s"]) == (1, "stale", 8 * 3600)


def test_the_secret_that_matched_is_numbered() -> None:
    """During a rotation one wants to know whether the old one is still in use."""
    assert judge((OLD_SECRET, SECRET), signed(), BODY, AT)["matched"] == [2]
    both = signed(BODY, KEY, OLD)
    assert judge((OLD_SECRET, SECRET), both, BODY, AT)["matched"] == [1, 2]
    assert judge((OLD_SECRET,), both, BODY, AT)["verdict"] == "genuine"


def test_an_asymmetric_signature_needs_the_public_key() -> None:
    """Who gives a shared secret is told what is wanted, and the other way round."""
    private = Ed25519PrivateKey.from_private_bytes(b"p" * 32)
    public = "whpk_" + base64.b64encode(private.public_key().public_bytes_raw()).decode()
    text = base64.b64encode(private.sign(b"msg_1.%d.%b" % (AT, BODY))).decode()
    sent = signed(signature=f"v1a,{text}")
    assert judge((public,), sent, BODY, AT)["verdict"] == "genuine"
    assert codes(SECRET, sent) == {"needs-public"}
    assert codes(public, signed()) == {"needs-secret"}
    assert codes(public[:9], signed()) == {"bad-secret", "needs-secret"}
    assert codes("whsk_" + "A" * 44, sent) == {"bad-secret", "needs-public"}


@pytest.mark.parametrize("late_s", [301, -301])
def test_a_clock_that_is_off_is_told_from_a_forgery(late_s: int) -> None:
    """The engineer looks at NTP, not at secrets."""
    found = judge((SECRET,), signed(), BODY, AT + late_s)
    assert (found["verdict"], found["is_signed"], found["is_fresh"]) == ("stale", True, False)
    assert [one["code"] for one in found["mistakes"]] == ["clock"]
    assert judge((SECRET,), signed(), BODY, AT + late_s, 400)["verdict"] == "genuine"


@pytest.mark.parametrize(
    "changed",
    [
        json.dumps(json.loads(BODY)).encode(),
        json.dumps(json.loads(BODY), ensure_ascii=False).encode(),
        json.dumps(json.loads(BODY), ensure_ascii=False, indent=2).encode(),
        BODY + b"\n",
        BODY + b"\r\n",
        b"\xef\xbb\xbf" + BODY,
    ],
)
def test_a_body_that_was_changed_on_the_way_is_recognised(changed: bytes) -> None:
    """The commonest mistake: a framework parsed the body and the receiver wrote it anew."""
    assert "body-changed" in codes(SECRET, signed(), changed)


def test_a_body_that_lost_its_last_line_break_is_recognised() -> None:
    """Shells and editors cut and add them."""
    assert "body-changed" in codes(SECRET, signed(BODY + b"\n"), BODY)
    assert "body-changed" in codes(SECRET, signed(b"{\n}"), b"{\r\n}")
    assert "body-changed" in codes(SECRET, signed(b"{\r\n}"), b"{\n}")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"id": None}, "missing-header"),
        ({"timestamp": None}, "missing-header"),
        ({"signature": None}, "missing-header"),
        ({"timestamp": f"{AT}000"}, "milliseconds"),
        ({"timestamp": "2026-11-18T11:06:40Z"}, "bad-timestamp"),
        ({"id": "msg.1"}, "bad-id"),
        ({"signature": signature((KEY,), "msg_1", AT, BODY)[3:]}, "no-version"),
        ({"signature": "v2,AAAA"}, "unknown-version"),
        ({"signature": "v1," + "0f" * 32}, "hexadecimal"),
        ({"signature": signature((KEY,), "msg_1", AT, BODY).rstrip("=")}, "bad-base64"),
        ({"signature": "v1,-_AA"}, "bad-base64"),
        ({"signature": "v1,?AAA"}, "bad-base64"),
        ({"signature": "v1,AAAA,v1,AAAA"}, "commas"),
        ({"signature": "v1,AAAA"}, "no-match"),
    ],
)
def test_a_header_that_is_wrong_is_named(changes: dict[str, str | None], code: str) -> None:
    """Not just "no": what is wrong with which header."""
    assert codes(SECRET, signed(**changes)) == {code}


@pytest.mark.parametrize(
    "secret",
    [
        f" {SECRET}\n",
        f'"{SECRET}"',
        SECRET.rstrip("="),
        SECRET.replace("+", "-").replace("/", "_"),
    ],
)
def test_a_secret_that_was_copied_badly_is_put_right(secret: str) -> None:
    """Named for certain, because with it put right the signature is genuine."""
    found = judge((secret,), signed(), BODY, AT)
    assert [one["code"] for one in found["mistakes"]] == ["bad-secret", "bad-secret"]
    assert "is genuine" in found["mistakes"][0]["text"]


@pytest.mark.parametrize("secret", ["whk_abc", "whsec_", SECRET[:24], "whsec_秘密"])
def test_what_is_no_secret_is_named_and_not_shown(secret: str) -> None:
    """What is printed lands in tickets and logs."""
    assert secret_fault(secret)
    found = judge((secret,), signed(), BODY, AT)
    assert [one["code"] for one in found["mistakes"]] == ["bad-secret"]
    assert secret[6:] == "" or secret not in json.dumps(found, ensure_ascii=False)


def test_nothing_is_printed_of_a_secret(tmp_path: Path) -> None:
    """Neither when it matches nor when it doesn't."""
    file = tmp_path / "request.http"
    for headers in (signed(), signed(signature="v1,AAAA")):
        file.write_bytes(raw(headers))
        for words in ([], ["--json"]):
            options = ["--secret", SECRET, "--at", str(AT), *words]
            result = CliRunner().invoke(app, ["hooks", "verify", str(file), *options])
            assert result.exit_code in {0, 1}
            assert SECRET[6:] not in result.output


def test_a_sender_that_signs_with_the_letters_of_the_secret_is_recognised() -> None:
    """The commonest mistake of one who signs by hand."""
    mac = hmac.digest(SECRET.encode(), b"msg_1.%d.%b" % (AT, BODY), "sha256")
    sent = signed(signature="v1," + base64.b64encode(mac).decode())
    assert codes(SECRET, sent) == {"secret-not-decoded"}


def test_a_body_that_is_cut_packed_or_gone_is_named() -> None:
    """Length, compression and a stream that was read before are what else goes wrong."""
    sent = signed() | {"content-length": str(len(BODY))}
    assert codes(SECRET, sent, BODY[:-3]) == {"other-length"}
    assert codes(SECRET, signed(), b"\x1f\x8b..") == {"compressed"}
    assert codes(SECRET, signed(), b"") == {"empty-body"}
    assert {one["code"] for one in judge((), signed(), BODY, AT)["mistakes"]} == {"no-secret"}


def test_people_read_why_and_the_exit_status_says_the_same(tmp_path: Path) -> None:
    """A script needs the status, a person the sentence."""
    file = tmp_path / "request.http"
    file.write_bytes(raw(signed(), BODY + b"\n"))
    result = CliRunner().invoke(
        app,
        ["hooks", "verify", str(file), "--at", str(AT)],
        env={"WHISTLE_HOOK_SECRET": f"{OLD_SECRET} {SECRET}"},
    )
    assert result.exit_code == 1
    assert "Not genuine" in result.stdout
    assert "without the line break at its end" in result.stdout


@pytest.mark.parametrize(
    "words",
    [(), ("a.http", "--body", "b.json"), ("nowhere.http",), ("--body", "x", "--at", "noon")],
)
def test_what_cannot_be_checked_is_another_status(words: tuple[str, ...]) -> None:
    """A typing mistake must not look like a forgery."""
    result = CliRunner().invoke(app, ["hooks", "verify", *words])
    assert result.exit_code == 2
