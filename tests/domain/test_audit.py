"""The audit log's chain: linked as it is committed, by many at once, and whatever was done to it behind our back."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from checkin import doctor, schema
from checkin.db import db, reading, transaction
from checkin.domain import audit
from checkin.domain.audit import Audit, Proof
from checkin.operations import witness
from tests.journeys.commands import ShellHere
from tests.test_restoring import back_up, older_backup, restore

AT = dt.datetime(2025, 9, 17, 4, 0, 0, 123456, tzinfo=dt.UTC)


def keep(app: Flask, *subjects: str, action: str = "delegate opened", reason: str = "") -> None:
    with app.app_context(), transaction() as session:
        for subject in subjects:
            audit.record(
                session,
                action,
                actor="staff:1",
                now=AT,
                subject=subject,
                reason=reason,
                shown=3,
                part=[1.5, "é"],
            )


def proved(app: Flask, *kept: str) -> Proof:
    with app.app_context(), reading() as session:
        return audit.proof(session, key=app.config["CHECKIN"].key.audit_key, kept=kept)


def behind_our_back(app: Flask, *statements: str) -> None:
    """What somebody with the database alone can do, once the triggers are out of the way."""
    with app.app_context(), db.engine.begin() as connection:
        on_sqlite = connection.dialect.name == "sqlite"
        for trigger in ("audit_stays", "audit_is_kept"):
            connection.execute(text(f"DROP TRIGGER {trigger}" + ("" if on_sqlite else " ON audit")))
        for statement in statements:
            connection.execute(text(statement))


def subjects(app: Flask) -> list[str]:
    with app.app_context(), reading() as session:
        return list(session.scalars(select(Audit.subject).order_by(Audit.id)))


def test_acts_are_linked_one_after_the_other(app: Flask) -> None:
    keep(app, "a", "b", reason="“Why?” — فى")
    keep(app, "c")

    found = proved(app)

    assert found.holds
    assert found.acts == 3
    assert found.end is not None
    assert found.end.id == 3
    with app.app_context(), reading() as session:
        assert audit.end(session) == found.end


def test_an_empty_log_is_whole(app: Flask) -> None:
    assert proved(app) == Proof(0, None)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET subject = 'somebody else' WHERE id = 2",
        "UPDATE audit SET reason = 'another one' WHERE id = 2",
        "UPDATE audit SET details = '{}' WHERE id = 2",
        "UPDATE audit SET actor = 'staff:2' WHERE id = 2",
        "UPDATE audit SET digest = '' WHERE id = 2",
        "DELETE FROM audit WHERE id = 1",
    ],
)
def test_what_was_changed_or_taken_out_is_found(app: Flask, change: str) -> None:
    keep(app, "a", "b", "c")

    behind_our_back(app, change)

    assert proved(app).broken == 2


def test_a_chain_that_was_made_anew_under_another_key_is_found(app: Flask) -> None:
    keep(app, "a", "b")
    with app.app_context(), reading() as session:
        assert audit.proof(session, key=b"a guess").broken == 1


def test_a_missing_end_is_found_by_whoever_noted_it(app: Flask) -> None:
    keep(app, "a", "b", "c")
    noted = str(proved(app).end)
    keep(app, "d")
    assert proved(app, noted).holds

    behind_our_back(app, "DELETE FROM audit WHERE id > 2")

    assert proved(app).holds
    assert proved(app, noted).missed == noted


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET subject = 'b'",
        "UPDATE audit SET reason = 'b'",
        "UPDATE audit SET reason = '', details = '{}'",
        "UPDATE audit SET id = id + 10",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit",
        "TRUNCATE audit",
    ],
)
def test_the_database_refuses_what_would_change_the_log(app: Flask, change: str) -> None:
    keep(app, "a", reason="Why")

    with app.app_context(), pytest.raises(DBAPIError), db.engine.begin() as connection:
        connection.execute(text(change))

    assert proved(app).acts == 1


def test_reasons_can_be_erased_with_an_act_that_says_so(app: Flask) -> None:
    keep(app, "KL-00001", "KL-00002", reason="Ada broke her leg")

    with app.app_context(), transaction() as session:
        audit.record_erasure(
            session, audit.ERASURE, ["KL-00001"], actor="staff:1", now=AT, subject="KL-00001", reason="Asked"
        )

    assert proved(app).holds
    with app.app_context(), reading() as session:
        assert session.scalars(select(Audit.reason).order_by(Audit.id)).all() == [
            "",
            "Ada broke her leg",
            "Asked",
        ]


def test_a_reason_that_was_erased_in_secret_is_found(app: Flask) -> None:
    keep(app, "KL-00001", reason="Why")

    with app.app_context(), transaction() as session:
        session.execute(text("UPDATE audit SET reason = ''"))

    assert proved(app).blanked == 1


def test_what_is_rolled_back_was_never_done(app: Flask) -> None:
    with app.app_context():
        with suppress(ZeroDivisionError), transaction() as session:
            audit.record(session, "event set", actor="x", now=AT, subject="lost")
            raise ZeroDivisionError
        with transaction() as session:
            audit.record(session, "event set", actor="x", now=AT, subject="kept")
            with suppress(ZeroDivisionError), session.begin_nested():
                audit.record(session, "event set", actor="x", now=AT, subject="lost too")
                raise ZeroDivisionError
            with session.begin_nested():
                audit.record(session, "event set", actor="x", now=AT, subject="kept too")

    assert subjects(app) == ["kept", "kept too"]
    assert proved(app).holds


def test_many_at_once_make_one_chain(app: Flask) -> None:
    def work(worker: int) -> None:
        for number in range(15):
            keep(app, f"{worker}.{number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))

    found = proved(app)
    assert found.holds
    assert found.acts == found.end.id == 120  # type: ignore[union-attr]
    assert [one for one in subjects(app) if one.startswith("3.")] == [f"3.{number}" for number in range(15)]


def test_a_long_transaction_that_has_recorded_lets_others_append(app: Flask) -> None:
    """On SQLite there is one writer, whatever it writes."""
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            return
        with transaction() as session:
            audit.record(session, "delegates imported", actor="x", now=AT, subject="long")
            session.execute(text("UPDATE event SET version = version"))
            keep(app, "short")

    assert subjects(app) == ["short", "long"]
    assert proved(app).holds


def test_the_acts_of_before_are_chained_when_the_release_comes(app: Flask) -> None:
    keep(app, "a", "b", reason="Why")
    keep(app, "c")
    whole = proved(app)
    with app.app_context():
        schema.alembic.downgrade("0016")

    with app.app_context():
        schema.upgrade()

    assert proved(app) == whole


def test_a_restored_log_is_whole_and_tells_the_end_of_the_one_it_replaced(
    expo: Flask, tmp_path: Path
) -> None:
    keep(expo, "before")
    file = back_up(expo, tmp_path / "backups")
    keep(expo, "after")
    replaced = str(proved(expo).end)

    restore(expo, file)
    keep(expo, "later")

    assert proved(expo).holds
    assert {"before", "after", "later"} & set(subjects(expo)) == {"before", "later"}
    assert proved(expo, replaced).missed == replaced
    with expo.app_context(), reading() as session:
        restored = session.scalars(select(Audit).where(Audit.action == "backup restored")).one()
    assert restored.details["replaced"] == replaced


def test_an_older_releases_backup_is_chained_as_it_is_restored(expo: Flask, tmp_path: Path) -> None:
    keep(expo, "before")
    with expo.app_context():
        schema.alembic.downgrade("0016")
    file = older_backup(expo, tmp_path / "backups")
    with expo.app_context():
        schema.upgrade()

    restore(expo, file)
    keep(expo, "later")

    assert proved(expo).holds
    assert {"before", "later"} <= set(subjects(expo))


def test_the_doctor_and_a_command_say_whether_the_log_is_whole(expo: Flask, database_url: str) -> None:
    keep(expo, "a", "b")
    shell, noted = ShellHere(database_url), str(proved(expo).end)

    well = _examined(expo)
    end = shell("audit", "verify", "--kept", noted).strip()
    behind_our_back(expo, "UPDATE audit SET actor = 'nobody' WHERE id = 2")
    ill = _examined(expo)

    assert well.well
    assert well.what.endswith(f"2 acts; its end is {noted}")
    assert end == noted
    assert ill.grave
    assert "Act 2 was changed" in ill.mend
    assert "Act 2 was changed" in shell.refuses("audit", "verify")
    assert "no end of a log" in shell.refuses("audit", "verify", "--kept", "nonsense")


def _examined(app: Flask) -> doctor.Finding:
    [found] = [one for one in doctor.examine(app, app.config["CHECKIN"]) if "audit log" in one.what]
    return found


def test_workers_tell_their_logs_the_end_once(app: Flask) -> None:
    keep(app, "a")
    tell = app.extensions["checkin_jobs"][witness.JOB].now_and_then

    with app.app_context(), capture_logs() as told:
        tell()
        tell()

    assert [one["end"] for one in told] == [str(proved(app).end)]
