"""The verdicts of the door API, through the API itself."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.exc import DatabaseError

from checkin import clock, limits
from checkin.db import reading, transaction
from checkin.domain import badges, delegates, doors
from checkin.domain.scans import Attendance, Scan, Void
from checkin.tokens import BadgeKey, lookup_id, proof_of
from tests import world
from tests.world import Phone

MORNING = "2025-09-17T00:41:07Z"


@pytest.fixture
def ada(expo: Flask) -> str:
    """The code of a delegate's badge."""
    world.enrol(expo, [world.person("Ada Lim", organisation="MDEC", email="ada@example.org")])
    return world.codes(expo)["Ada Lim"]


@pytest.fixture
def phone(expo: Flask) -> Phone:
    return world.pair(expo)


def verdicts(results: list[dict[str, Any]]) -> list[str]:
    return [result["verdict"] for result in results]


def test_a_first_entry_is_admitted_with_the_persons_name(expo: Flask, ada: str, phone: Phone) -> None:
    result = phone.scan(ada, MORNING)

    assert (result["verdict"], result["reason"], result["day"]) == ("admitted", None, "2025-09-17")
    assert result["delegate"] == {
        "reference": "KL-00001",
        "name": "Ada Lim",
        "organisation": "MDEC",
        "category": "Delegate",
        "note": None,
    }
    assert result["first"] == {"at": MORNING, "door": "Gate A"}


def test_a_lone_first_entry_survives_the_end_of_the_request(expo: Flask, ada: str, phone: Phone) -> None:
    phone.scan(ada, MORNING)  # The first one loads the programme and goes the long way.
    second = world.person("Budi", email="budi@example.org")
    world.enrol(expo, [second])

    phone.scan(world.codes(expo)["Budi"], MORNING)

    with expo.app_context(), reading() as session:
        assert session.scalar(select(func.count()).select_from(Scan)) == 2
        assert session.scalar(select(func.count()).select_from(Attendance)) == 2


def test_the_same_upload_again_gives_the_verdict_it_had(expo: Flask, ada: str, phone: Phone) -> None:
    item = phone.item(ada, MORNING)
    once = phone.send([item])

    again = phone.send([item, item])

    assert again == once * 2
    with expo.app_context(), reading() as session:
        assert session.scalar(select(func.count()).select_from(Scan)) == 1


def test_the_same_phone_within_a_minute_says_just_now(expo: Flask, ada: str, phone: Phone) -> None:
    phone.scan(ada, MORNING)

    again = phone.scan(ada, "2025-09-17T00:42:00Z")

    assert (again["verdict"], again["just_now"]) == ("admitted", True)


@pytest.mark.parametrize(
    ("minutes", "verdict"), [(2, "repeat"), (19, "repeat"), (20, "returned"), (200, "returned")]
)
def test_a_second_entry_elsewhere_is_judged_by_its_distance(
    expo: Flask, ada: str, phone: Phone, minutes: int, verdict: str
) -> None:
    phone.scan(ada, "2025-09-17T00:00:00Z")
    other = world.pair(expo, "Gate B")

    result = other.scan(ada, f"2025-09-17T{minutes // 60:02}:{minutes % 60:02}:00Z")

    assert result["verdict"] == verdict
    assert result["last"] == {"at": "2025-09-17T00:00:00Z", "door": "Gate A"}


def test_an_exit_makes_a_quick_return_welcome(expo: Flask, ada: str, phone: Phone) -> None:
    phone.scan(ada, "2025-09-17T00:00:00Z")

    left = phone.scan(ada, "2025-09-17T00:05:00Z", direction="out")
    back = world.pair(expo, "Gate B").scan(ada, "2025-09-17T00:06:00Z")

    assert verdicts([left, back]) == ["left", "returned"]


def test_an_exit_is_recorded_twice_and_before_any_entry(expo: Flask, ada: str, phone: Phone) -> None:
    results = [phone.scan(ada, f"2025-09-17T0{hour}:00:00Z", direction="out") for hour in (0, 1)]

    assert verdicts(results) == ["left", "left"]
    assert phone.scan(ada, "2025-09-17T02:00:00Z")["verdict"] == "admitted"


def test_an_earlier_entry_that_arrives_late_moves_the_first_one(expo: Flask, ada: str, phone: Phone) -> None:
    phone.scan(ada, "2025-09-17T02:00:00Z")

    late = world.pair(expo, "Gate B").scan(ada, "2025-09-17T00:30:00Z")

    assert late["verdict"] == "returned"
    assert late["first"] == {"at": "2025-09-17T00:30:00Z", "door": "Gate B"}


def test_the_small_hours_belong_to_the_day_before(expo: Flask, ada: str, phone: Phone) -> None:
    before, after = phone.scan(ada, "2025-09-17T19:59:00Z"), phone.scan(ada, "2025-09-17T20:00:00Z")

    assert (before["day"], after["day"]) == ("2025-09-17", "2025-09-18")
    assert verdicts([before, after]) == ["admitted", "admitted"]


@pytest.mark.parametrize(
    ("skew_ms", "day"),
    [(0, "2025-09-18"), (1_999, "2025-09-18"), (120_000, "2025-09-17"), (-120_000, "2025-09-18")],
)
def test_a_measured_skew_puts_the_time_right(
    expo: Flask, ada: str, phone: Phone, skew_ms: int, day: str
) -> None:
    result = phone.scan(ada, "2025-09-17T20:01:00Z", skew_ms=skew_ms)

    assert result["day"] == day


def test_the_reply_says_how_far_the_phones_clock_is_ahead(expo: Flask, phone: Phone) -> None:
    ahead = clock.now().timestamp() + 300

    body = {"sent_at": datetime.fromtimestamp(ahead, UTC).isoformat(), "scans": [phone.item("x", MORNING)]}
    response = phone.client.post("/api/door/v1/scans", json=body, headers=phone.headers)

    assert 295_000 < response.get_json()["skew_ms"] <= 300_000


def test_unknown_codes_are_facts_that_are_refused(expo: Flask, phone: Phone) -> None:
    other = BadgeKey(b"o" * 32)
    foreign = other.code(uuid.uuid4(), prefix=other.prefix("OTHER"))

    results = [
        phone.scan(text, MORNING) for text in ("", "https://example.org/x", "漢" * 900, "\ud800", foreign)
    ]

    assert verdicts(results) == ["refused"] * 5
    assert [result["reason"] for result in results] == ["unknown"] * 4 + ["other_event"]
    with expo.app_context(), reading() as session:
        assert session.scalar(select(func.count()).select_from(Scan)) == 5


def test_a_code_is_never_stored(expo: Flask, ada: str, phone: Phone) -> None:
    phone.scan(ada, MORNING)

    with expo.app_context(), reading() as session:
        rows = session.execute(select(Scan.__table__)).all()
    assert ada not in repr(rows)


def test_a_badge_is_found_by_its_look_up_id_too_which_names_nobody(
    expo: Flask, ada: str, phone: Phone
) -> None:
    item = phone.item("", MORNING, badge=lookup_id(ada))
    del item["code"]
    elsewhen = {**item, "id": str(uuid.uuid4()), "scanned_at": "2025-01-01T00:00:00Z"}
    out = {**item, "id": str(uuid.uuid4()), "direction": "out"}

    answers = [phone.send([one])[0] for one in (item, item, elsewhen, out)]

    assert verdicts(answers) == ["admitted", "admitted", "refused", "left"]
    assert [answer["delegate"] for answer in answers] == [None] * 4


def test_who_proves_to_have_read_a_badge_is_told_whose_it_is(expo: Flask, ada: str, phone: Phone) -> None:
    item = phone.item("", MORNING, badge=lookup_id(ada), proof=proof_of(ada))
    del item["code"]
    guessed = {**item, "id": str(uuid.uuid4()), "proof": lookup_id(ada)}

    first, again, other = (phone.send([one])[0] for one in (item, item, guessed))

    assert first["delegate"] == again["delegate"]
    assert first["delegate"]["name"] == "Ada Lim"
    assert other["delegate"] is None


def change(app: Flask, name: str, act: Any) -> None:
    with app.app_context(), transaction() as session:
        act(session, session.scalars(select(delegates.Delegate).where(delegates.Delegate.name == name)).one())


def test_a_cancelled_badge_is_refused_until_it_is_reinstated(expo: Flask, ada: str, phone: Phone) -> None:
    change(expo, "Ada Lim", lambda session, who: delegates.cancel(session, who, now=clock.now()))
    cancelled = phone.scan(ada, MORNING)
    change(expo, "Ada Lim", lambda session, who: delegates.reinstate(session, who, now=clock.now()))

    reinstated = phone.scan(ada, "2025-09-17T00:41:30Z")

    assert (cancelled["reason"], reinstated["verdict"]) == ("cancelled", "admitted")


def test_a_replaced_badge_says_so_and_the_new_one_opens(expo: Flask, ada: str, phone: Phone) -> None:
    key = expo.config["CHECKIN"].key
    change(
        expo,
        "Ada Lim",
        lambda session, who: badges.reissue_badge(session, who, reason="lost", key=key, now=clock.now()),
    )

    old, new = phone.scan(ada, MORNING), phone.scan(world.codes(expo)["Ada Lim"], MORNING)

    assert (old["reason"], new["verdict"]) == ("replaced", "admitted")


def test_days_hours_and_areas_are_refused_in_that_order(expo: Flask, phone: Phone) -> None:
    world.enrol(expo, [world.person("Press", category="Press", email="press@example.org")])
    code = world.codes(expo)["Press"]
    hall = world.pair(expo, "Hall door")

    reasons = [
        hall.scan(code, "2025-09-25T00:00:00Z")["reason"],
        hall.scan(code, "2025-09-17T01:59:00Z")["reason"],
        hall.scan(code, "2025-09-17T02:00:00Z")["reason"],
        phone.scan(code, "2025-09-17T09:00:00Z")["reason"],
        phone.scan(code, "2025-09-17T08:59:00Z")["reason"],
    ]

    assert reasons == ["not_this_day", "not_open", "not_this_area", "not_open", None]


def test_a_build_day_admits_whom_it_should(expo: Flask, ada: str, phone: Phone) -> None:
    world.enrol(expo, [world.person("Crew", category="Crew", email="crew@example.org")])

    crew, delegate = (phone.scan(code, "2025-09-16T02:00:00Z") for code in (world.codes(expo)["Crew"], ada))

    assert (crew["verdict"], delegate["reason"]) == ("admitted", "not_this_day")


def test_a_change_of_the_programme_holds_at_once(expo: Flask, ada: str, phone: Phone) -> None:
    assert phone.scan(ada, MORNING)["verdict"] == "admitted"

    later = {"name": "Delegate", "days": world.DAYS[1:]}
    world.set_event(expo, categories=[later, *world.SETTINGS["categories"][1:]])

    assert phone.scan(ada, MORNING)["reason"] == "not_this_day"


GOOD = {
    "id": "0198a4f2-0000-4000-8000-000000000001",
    "seq": 1,
    "code": "x",
    "scanned_at": MORNING,
    "direction": "in",
    "input": "camera",
}


@pytest.mark.parametrize("field", ["id", "seq", "code", "scanned_at", "direction", "input"])
def test_an_item_without_a_field_is_rejected_and_its_neighbours_are_stored(
    expo: Flask, ada: str, phone: Phone, field: str
) -> None:
    bad = {name: value for name, value in GOOD.items() if name != field}

    results = phone.send([phone.item(ada, MORNING), bad, phone.item("x", MORNING)])

    assert verdicts(results) == ["admitted", "rejected", "refused"]
    assert results[1]["reason"] == "malformed"
    assert results[1]["id"] == bad.get("id")


@pytest.mark.parametrize(
    "wrong",
    [
        *({"id": value} for value in (None, 7, "", "x" * 100_000, ["a"], {"b": 1}, "\ud800")),
        *({"seq": value} for value in (None, -1, 1.5, "1", 2**63, True)),
        *(
            {"scanned_at": value}
            for value in (
                None,
                0,
                "",
                "yesterday",
                "2025-09-17",
                "2025-09-17T00:00:00",
                "0001-01-01T00:00:00Z",
                "9999-12-31T23:59:59Z",
            )
        ),
        *({"direction": value} for value in (None, "IN", "both", 1)),
        *({"input": value} for value in (None, "nfc", 1)),
        *({"code": value} for value in (None, 1, [], "x" * 100_000)),
        *({"skew_ms": value} for value in ("1", 1.5, 10**18, -(10**18))),
        *({"door": value} for value in (1, "No such door", "x" * 1000)),
        *({"operator": value} for value in (1, "x" * 101, "\x00", "\ud800")),
        *({"reason": value} for value in (1, "x" * 501, "\x00", "\ud800")),
        *({"shown": value} for value in (1, "x" * 101, "\x00", "\ud800")),
    ],
    ids=lambda wrong: str(wrong)[:40],
)
def test_a_wrong_or_huge_field_is_rejected_and_its_neighbours_are_stored(
    expo: Flask, ada: str, phone: Phone, wrong: dict[str, Any]
) -> None:
    results = phone.send([phone.item(ada, MORNING), GOOD | wrong, phone.item("x", MORNING)])

    assert verdicts(results) == ["admitted", "rejected", "refused"]
    assert results[1]["id"] == (GOOD | wrong)["id"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b"{}",
        b'{"scans": []}',
        b'{"scans": 7}',
        b"\xff",
        b'{"scans":["\xed\xa0\x80"]}',
        b"[" * 100_000,
        b'{"scans": [NaN]}',
    ],
)
def test_what_is_no_upload_is_a_400(expo: Flask, phone: Phone, body: bytes) -> None:
    response = phone.client.post(
        "/api/door/v1/scans", data=body, content_type="application/json", headers=phone.headers
    )

    assert response.status_code == 400
    assert response.content_type == "application/problem+json"
    assert response.get_json(force=True)["code"] == "bad_request"


def test_an_upload_of_a_thousand_is_taken_and_of_one_more_is_not(expo: Flask, phone: Phone) -> None:
    assert len(phone.send([phone.item("x", MORNING) for _ in range(1000)])) == 1000

    response = phone.client.post("/api/door/v1/scans", json={"scans": [GOOD] * 1001}, headers=phone.headers)

    assert (response.status_code, response.get_json(force=True)["code"]) == (413, "too_many_scans")


def test_a_body_of_ten_megabytes_is_a_413(expo: Flask, phone: Phone) -> None:
    response = phone.client.post("/api/door/v1/scans", data=b" " * 10_000_000, headers=phone.headers)

    assert response.status_code == 413


def test_a_wrong_epoch_is_no_reason_to_reject(expo: Flask, ada: str, phone: Phone) -> None:
    for epoch in (None, 7, "another"):
        body = {"epoch": epoch, "scans": [phone.item(ada, MORNING)], "sent_at": "nonsense", "phone": 7}
        response = phone.client.post("/api/door/v1/scans", json=body, headers=phone.headers)
        assert response.status_code == 200


def test_a_revoked_phones_scans_are_held_and_tell_nothing(expo: Flask, ada: str, phone: Phone) -> None:
    before = phone.item(ada, MORNING)
    phone.send([before])
    with expo.app_context(), transaction() as session:
        doors.revoke_device(session, phone.id, now=clock.now())

    held, known = phone.send([phone.item(ada, "2025-09-18T02:00:00Z"), before])

    assert (held["verdict"], held["delegate"], held["first"]) == ("held", None, None)
    assert (known["verdict"], known["delegate"]) == ("admitted", None)
    for path, body in (
        ("move", {"door": "Gate B"}),
        ("decisions", {"scan": GOOD["id"], "decision": "let_in"}),
    ):
        response = phone.client.post(f"/api/door/v1/{path}", json=body, headers=phone.headers)
        assert (response.status_code, response.get_json(force=True)["code"]) == (403, "device_revoked")
    with expo.app_context(), reading() as session:
        assert session.scalar(select(func.count()).select_from(Attendance)) == 1


def test_a_scan_keeps_the_door_where_it_was_made(expo: Flask, ada: str, phone: Phone) -> None:
    waiting = phone.item(ada, MORNING, door="Gate A")
    moved = phone.client.post("/api/door/v1/move", json={"door": "gate b"}, headers=phone.headers)

    result = phone.send([waiting])[0]

    assert moved.get_json()["door"]["name"] == "Gate B"
    assert result["first"]["door"] == "Gate A"


def test_a_pairing_code_works_once_and_not_for_long(expo: Flask) -> None:
    client = expo.test_client()
    code = world.pairing_code(expo)
    with expo.app_context(), transaction() as session:
        session.execute(update(doors.Pairing).values(expires_at=clock.now()))
    fresh = world.pairing_code(expo)

    answers = [
        client.post("/api/door/v1/pair", json={"code": given, "operator": "A"})
        for given in (code, fresh, fresh, "x")
    ]

    assert [answer.status_code for answer in answers] == [403, 200, 403, 403]
    assert answers[2].get_json(force=True)["code"] == "pairing_refused"


def void(phone: Phone, scan: str, **more: Any) -> Any:
    body = {"id": str(uuid.uuid4()), "scan": scan, "reason": "wrong person", "at": MORNING, **more}
    return phone.client.post("/api/door/v1/voids", json=body, headers=phone.headers)


def first_entries(app: Flask) -> list[str]:
    with app.app_context(), reading() as session:
        return [at.isoformat()[11:16] for at in session.scalars(select(Attendance.first_at))]


def test_a_void_takes_a_scan_out_and_the_next_entry_takes_its_place(
    expo: Flask, ada: str, phone: Phone
) -> None:
    first, second = phone.item(ada, "2025-09-17T00:00:00Z"), phone.item(ada, "2025-09-17T03:00:00Z")
    phone.send([first, second])

    voided = void(phone, first["id"])
    left = first_entries(expo)
    void(phone, second["id"])

    assert (voided.status_code, left, first_entries(expo)) == (200, ["03:00"], [])
    assert phone.scan(ada, "2025-09-17T04:00:00Z")["verdict"] == "admitted"


def test_a_void_that_arrives_before_its_scan_holds(expo: Flask, ada: str, phone: Phone) -> None:
    item = phone.item(ada, MORNING)

    void(phone, item["id"])
    phone.send([item])

    assert first_entries(expo) == []


def test_a_void_sent_twice_is_one_void(expo: Flask, ada: str, phone: Phone) -> None:
    item = phone.item(ada, MORNING)
    phone.send([item])
    same = str(uuid.uuid4())

    answers = [void(phone, item["id"], id=same).status_code for _ in range(2)]

    assert answers == [200, 200]
    with expo.app_context(), reading() as session:
        assert session.scalar(select(func.count()).select_from(Void)) == 1


def test_a_void_needs_a_reason_and_ones_own_scan(expo: Flask, ada: str, phone: Phone) -> None:
    item = phone.item(ada, MORNING)
    phone.send([item])
    other, desk = world.pair(expo, "Gate B"), world.pair(expo, desk=True)

    statuses = [
        void(phone, item["id"], reason="").status_code,
        void(other, item["id"]).status_code,
        void(desk, item["id"]).status_code,
    ]

    assert statuses == [400, 403, 200]


def test_search_is_for_desks_alone(expo: Flask, ada: str, phone: Phone) -> None:
    desk = world.pair(expo, desk=True)
    world.pair(expo).scan(ada, clock.now().isoformat())

    refused = phone.client.get("/api/door/v1/search?q=ada", headers=phone.headers)
    short = desk.client.get("/api/door/v1/search?q=a", headers=desk.headers)
    found = desk.client.get("/api/door/v1/search?q=lim+mdec", headers=desk.headers)

    assert (refused.status_code, short.status_code) == (403, 400)
    assert [one["reference"] for one in found.get_json()["results"]] == ["KL-00001"]


def test_a_scan_can_be_neither_changed_nor_deleted(expo: Flask, ada: str, phone: Phone) -> None:
    phone.scan(ada, MORNING)

    for statement in ("UPDATE scan SET verdict = 'returned'", "DELETE FROM scan"):
        with (
            expo.app_context(),
            pytest.raises(DatabaseError, match=r"a scan (never|is never)"),
            transaction() as session,
        ):
            session.connection().exec_driver_sql(statement)


@pytest.mark.parametrize("phone_state", [7, {"\ud800": 1}, {"battery": "\ud800"}, {"waiting": -1}])
def test_what_a_phone_says_of_itself_never_blocks_its_scans(
    expo: Flask, ada: str, phone: Phone, phone_state: Any
) -> None:
    body = {"scans": [phone.item(ada, MORNING)], "phone": phone_state}

    response = phone.client.post("/api/door/v1/scans", json=body, headers=phone.headers)

    assert response.get_json()["results"][0]["verdict"] == "admitted"


def test_what_would_hide_or_turn_text_is_left_out(expo: Flask, ada: str, phone: Phone) -> None:
    phone.scan(ada, MORNING, operator="\u202eAi\x1bna", reason="\x07")

    with expo.app_context(), reading() as session:
        assert session.execute(select(Scan.operator, Scan.note)).one() == ("Aina", "")


def test_another_phone_with_a_known_scan_id_learns_nobodys_name(expo: Flask, ada: str, phone: Phone) -> None:
    item = phone.item(ada, MORNING)
    phone.send([item])

    result = world.pair(expo, "Gate B").send([item | {"code": "guessed"}])[0]

    assert (result["verdict"], result["delegate"]) == ("admitted", None)


def test_a_voids_id_undoes_one_scan(expo: Flask, ada: str, phone: Phone) -> None:
    first, second = phone.item(ada, MORNING), phone.item(ada, "2025-09-17T03:00:00Z")
    phone.send([first, second])
    same = str(uuid.uuid4())

    statuses = [void(phone, item["id"], id=same).status_code for item in (first, second)]

    assert statuses == [200, 409]


def test_a_phone_that_uploads_without_end_is_slowed_and_others_are_not(
    expo: Flask, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "UPLOADS_A_MINUTE", 3)
    other = world.pair(expo)

    statuses = [
        phone.client.post("/api/door/v1/scans", json={"scans": [GOOD]}, headers=phone.headers).status_code
        for _ in range(8)
    ]

    assert statuses.count(200) in {3, 6}  # Six where a minute ended meanwhile.
    assert statuses.count(429) == 8 - statuses.count(200)
    assert (
        other.client.post("/api/door/v1/scans", json={"scans": [GOOD]}, headers=other.headers).status_code
        == 200
    )


def test_a_revoked_phone_that_sends_only_torn_scans_is_told_so(expo: Flask, phone: Phone) -> None:
    with expo.app_context(), transaction() as session:
        doors.revoke_device(session, phone.id, now=clock.now())

    assert verdicts(phone.send([{"id": "torn"}])) == ["rejected"]
