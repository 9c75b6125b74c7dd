"""Every route, opened by everybody, and with somebody else's ids; a route without a row fails."""

import io
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_security import hash_password
from flask_security.proxies import _security as security
from passlib.totp import TOTP
from PIL import Image
from werkzeug.test import TestResponse

from checkin import access, clock
from checkin.app import create_app
from checkin.config import Config
from checkin.db import reading, transaction
from checkin.domain import (
    bulk_runs,
    by_hand,
    certificates,
    doors,
    event,
    exporting,
    import_runs,
    logos,
    messages,
    paper,
    print_runs,
    staff,
)
from checkin.domain.badges import PrintFilter
from checkin.domain.delegates import delegate_with_reference
from checkin.domain.exporting import Choice
from checkin.domain.paper import Keyed
from checkin.domain.print_runs import Order
from checkin.domain.programme import programme
from checkin.domain.staff import SecondFactor
from checkin.tokens import lookup_id, new_id
from tests import world
from tests.accounts.people import Browser, Member, invite

STAFF = {"organiser", "supervisor", "desk", "protocol"}
EVERYONE = {"nobody", "delegate", "door device", "desk device", "protocol device", "halfway", *STAFF}
DEVICES = {"door device", "desk device", "protocol device"}
ORGANISER = {"organiser"}
READERS = {"organiser", "supervisor"}
DESK = READERS | {"desk"}

# Each route with those who may open it. Whoever isn't named must get a 401, 403 or 404.
ROUTES: dict[tuple[str, str, str], set[str]] = {
    ("GET", "/", "registration.start"): EVERYONE,
    ("GET", "/language/ms", "registration.language"): EVERYONE,
    ("GET", "/logo/{logo}.png", "registration.logo"): EVERYONE,
    ("GET", "/healthz", "operations.healthz"): EVERYONE,
    ("GET", "/readyz", "operations.readyz"): EVERYONE,
    # From another machine than this one: for nobody without the operator's token.
    ("GET", "/metrics", "operations.metrics_text"): set(),
    ("GET", "/api/openapi.json", "description.openapi"): EVERYONE,
    ("GET", "/static/0/css/checkin.css", "assets.file"): EVERYONE,
    ("GET", "/register", "registration.register"): EVERYONE,
    ("POST", "/register", "registration.register"): EVERYONE,
    ("GET", "/registered", "registration.registered"): EVERYONE,
    ("GET", "/registered/here", "registration.show_at_desk"): EVERYONE,
    ("GET", "/register/puzzle", "registration.puzzle"): EVERYONE,
    ("GET", "/find", "registration.find"): EVERYONE,
    ("POST", "/find", "registration.find"): EVERYONE,
    ("GET", "/find/sent", "registration.found"): EVERYONE,
    ("GET", "/organiser", "board.index"): {"organiser", "supervisor", "protocol"},
    ("GET", "/organiser/board", "board.live"): {"organiser", "supervisor", "protocol"},
    ("GET", "/organiser/board.pdf", "board.report"): {"organiser", "supervisor"},
    ("GET", "/organiser/doors", "doors.index"): READERS,
    ("GET", "/organiser/doors/{door}/pair", "doors.pair"): READERS,
    ("POST", "/organiser/doors/{door}/pair", "doors.pair"): READERS,
    ("GET", "/organiser/doors/pairings", "doors.pairings"): READERS,
    ("GET", "/organiser/doors/phones/{phone}", "doors.phone"): READERS,
    ("POST", "/organiser/doors/phones/{phone}/move", "doors.move"): READERS,
    ("POST", "/organiser/doors/phones/{phone}/held", "phones.rule"): ORGANISER,
    ("POST", "/organiser/doors/phones/{phone}/queue", "phones.import_queue_file"): ORGANISER,
    ("GET", "/organiser/doors/phones/{phone}/revoke", "doors.revoke"): READERS,
    ("POST", "/organiser/doors/phones/{phone}/revoke", "doors.revoke"): READERS,
    ("GET", "/organiser/readiness", "readiness.index"): READERS,
    ("GET", "/organiser/readiness/live", "readiness.live"): READERS,
    ("POST", "/organiser/readiness/test-badges.pdf", "readiness.test_badges"): ORGANISER,
    ("GET", "/organiser/paper", "paper.index"): READERS,
    ("POST", "/organiser/paper/list.pdf", "paper.print_list"): READERS,
    ("GET", "/organiser/paper/keying", "keying.index"): READERS | {"desk"},
    ("POST", "/organiser/paper/keying", "keying.key_in"): READERS | {"desk"},
    ("POST", "/organiser/paper/keying/{keyed}/undo", "keying.undo"): READERS | {"desk"},
    ("GET", "/organiser/conflicts", "conflicts.index"): READERS,
    ("POST", "/organiser/conflicts/settle", "conflicts.settle"): READERS,
    ("POST", "/organiser/conflicts/reopen", "conflicts.reopen"): READERS,
    ("GET", "/organiser/delegates", "people.index"): READERS,
    ("GET", "/organiser/delegates/bulk", "bulk.index"): ORGANISER,
    ("POST", "/organiser/delegates/bulk", "bulk.make"): ORGANISER,
    ("GET", "/organiser/delegates/bulk/{bulk}", "bulk.show"): ORGANISER,
    ("GET", "/organiser/delegates/bulk/{bulk}/live", "bulk.live"): ORGANISER,
    ("POST", "/organiser/delegates/bulk/{bulk}/apply", "bulk.apply"): ORGANISER,
    ("POST", "/organiser/delegates/bulk/{bulk}/stop", "bulk.stop"): ORGANISER,
    ("POST", "/organiser/delegates/bulk/{bulk}/resume", "bulk.resume"): ORGANISER,
    ("POST", "/organiser/delegates/bulk/{bulk}/undo", "bulk.undo"): ORGANISER,
    ("GET", "/organiser/delegates/KL-00001", "person.page"): READERS,
    ("POST", "/organiser/delegates/KL-00001/cancel", "person.act"): ORGANISER,
    ("POST", "/organiser/delegates/KL-00001/badge.pdf", "person.badge"): ORGANISER,
    ("GET", "/organiser/delegates/KL-00001/correct", "amending.correct"): ORGANISER,
    ("POST", "/organiser/delegates/KL-00001/correct", "amending.correct"): ORGANISER,
    ("POST", "/organiser/delegates/KL-00001/data.json", "erasing.data"): ORGANISER,
    ("GET", "/organiser/delegates/KL-00001/seen", "erasing.who_saw"): ORGANISER,
    ("GET", "/organiser/delegates/KL-00001/erase", "erasing.ask"): ORGANISER,
    ("POST", "/organiser/delegates/KL-00001/erase", "erasing.erase"): ORGANISER,
    ("GET", "/organiser/delegates/KL-00001/attendance", "past.index"): ORGANISER,
    ("POST", "/organiser/delegates/KL-00001/attendance", "past.add"): ORGANISER,
    ("POST", "/organiser/delegates/KL-00001/attendance/{keyed}/withdraw", "past.withdraw"): ORGANISER,
    ("POST", "/organiser/delegates/KL-00001/certificate.pdf", "past.certificate"): ORGANISER,
    ("POST", "/organiser/delegates/KL-00001/certificate/withdraw", "past.rule"): ORGANISER,
    ("GET", "/organiser/after", "after.index"): ORGANISER,
    ("POST", "/organiser/after/publish", "after.publish"): ORGANISER,
    ("POST", "/organiser/after/closing-pack.zip", "after.pack"): ORGANISER,
    ("GET", "/organiser/duplicates", "duplicates.index"): ORGANISER,
    ("POST", "/organiser/duplicates/search", "duplicates.search"): ORGANISER,
    ("GET", "/organiser/duplicates/pair?first=KL-00001&second={colleague}", "duplicates.find"): ORGANISER,
    ("GET", "/organiser/duplicates/KL-00001/{colleague}", "duplicates.pair"): ORGANISER,
    ("POST", "/organiser/duplicates/KL-00001/{colleague}/look", "duplicates.look"): ORGANISER,
    # Nobody looked at them before, so that nothing is merged.
    ("POST", "/organiser/duplicates/KL-00001/{colleague}/merge", "duplicates.merge"): ORGANISER,
    ("POST", "/organiser/duplicates/KL-00001/{colleague}/settle", "duplicates.decide"): ORGANISER,
    ("GET", "/organiser/vips", "vips.index"): {"organiser", "supervisor", "protocol"},
    ("GET", "/organiser/vips/live", "vips.live"): {"organiser", "supervisor", "protocol"},
    ("GET", "/organiser/by-hand", "by_hand.index"): READERS,
    ("GET", "/organiser/prints", "prints.index"): ORGANISER,
    ("POST", "/organiser/prints", "prints.make"): ORGANISER,
    ("POST", "/organiser/prints/blanks", "prints.make_blanks"): {"organiser"},
    ("GET", "/organiser/prints/{run}", "prints.show"): ORGANISER,
    ("GET", "/organiser/prints/{run}/live", "prints.live"): ORGANISER,
    ("POST", "/organiser/prints/{run}/1.pdf", "prints.file"): ORGANISER,
    ("POST", "/organiser/prints/{run}/packing.csv", "prints.packing"): ORGANISER,
    ("POST", "/organiser/prints/{run}/cancel", "prints.cancel"): ORGANISER,
    ("POST", "/organiser/prints/{run}/resume", "prints.resume"): ORGANISER,
    ("GET", "/organiser/import", "uploads.index"): ORGANISER,
    ("POST", "/organiser/import", "uploads.upload"): ORGANISER,
    ("GET", "/organiser/import/{list}", "uploads.show"): ORGANISER,
    ("GET", "/organiser/import/{list}/live", "uploads.live"): ORGANISER,
    ("POST", "/organiser/import/{list}/columns", "uploads.columns"): ORGANISER,
    ("POST", "/organiser/import/{list}/marked.xlsx", "uploads.marked"): ORGANISER,
    ("POST", "/organiser/import/{list}/apply", "uploads.apply"): ORGANISER,
    ("POST", "/organiser/import/{list}/stop", "uploads.stop"): ORGANISER,
    ("POST", "/organiser/import/{list}/resume", "uploads.resume"): ORGANISER,
    ("POST", "/organiser/import/{list}/delete", "uploads.delete"): ORGANISER,
    ("GET", "/organiser/badges", "layouts.index"): ORGANISER,
    ("GET", "/organiser/badges/a6.png", "layouts.picture"): ORGANISER,
    ("GET", "/organiser/badges/a6.pdf", "layouts.preview"): ORGANISER,
    ("GET", "/organiser/exports", "files.index"): ORGANISER,
    ("GET", "/organiser/exports/delegates", "files.choose"): ORGANISER,
    ("POST", "/organiser/exports/delegates", "files.order"): ORGANISER,
    ("GET", "/organiser/exports/files/AAAAAAAAAAAAAAAAAAAAAA", "files.fetch"): ORGANISER,
    ("POST", "/organiser/exports/delegates/reports", "named_reports.keep"): ORGANISER,
    ("POST", "/organiser/exports/reports/{report}", "named_reports.run"): ORGANISER,
    ("POST", "/organiser/exports/reports/{report}/rename", "named_reports.rename"): ORGANISER,
    ("POST", "/organiser/exports/reports/{report}/delete", "named_reports.delete"): ORGANISER,
    ("GET", "/organiser/outbox", "outbox.index"): ORGANISER,
    ("POST", "/organiser/outbox/retry", "outbox.retry"): ORGANISER,
    ("GET", "/organiser/outbox/{letter}", "outbox.letter"): ORGANISER,
    ("GET", "/organiser/outbox/{letter}/letter.html", "outbox.html"): ORGANISER,
    ("GET", "/organiser/outbox/{letter}/0", "outbox.attachment"): ORGANISER,
    ("GET", "/organiser/setup", "setup.index"): ORGANISER,
    ("GET", "/organiser/setup/first", "setup_first.ask"): ORGANISER,
    ("POST", "/organiser/setup/first", "setup_first.create"): ORGANISER,
    ("GET", "/organiser/setup/logo", "setup_logo.index"): ORGANISER,
    ("POST", "/organiser/setup/logo", "setup_logo.save"): ORGANISER,
    ("POST", "/organiser/setup/logo/remove", "setup_logo.remove"): ORGANISER,
    ("GET", "/organiser/setup/logo/badge.png", "setup_logo.badge"): ORGANISER,
    ("GET", "/organiser/setup/notice", "setup_notice.index"): ORGANISER,
    ("POST", "/organiser/setup/notice", "setup_notice.save"): ORGANISER,
    ("GET", "/organiser/setup/letters", "setup_letters.index"): ORGANISER,
    ("GET", "/organiser/setup/letters/badge", "setup_letters.edit"): ORGANISER,
    ("POST", "/organiser/setup/letters/badge", "setup_letters.edit"): ORGANISER,
    ("GET", "/organiser/setup/event.toml", "setup.file"): ORGANISER,
    ("GET", "/organiser/setup/event", "setup.edit"): ORGANISER,
    ("POST", "/organiser/setup/event", "setup.edit"): ORGANISER,
    ("GET", "/organiser/audit", "log.index"): ORGANISER,
    ("GET", "/desk", "desk.index"): DESK,
    ("POST", "/desk", "desk.search"): DESK,
    ("GET", "/desk/people/KL-00001", "desk_person.page"): DESK,
    ("POST", "/desk/people/KL-00001/back", "desk_person.act"): DESK,
    ("POST", "/desk/people/KL-00001/admit", "desk_person.admit"): DESK,
    ("POST", "/desk/people/KL-00001/admissions/{admitted}/undo", "desk_person.undo"): DESK,
    ("POST", "/desk/people/KL-00001/badge.pdf", "desk_printing.badge"): DESK,
    ("GET", "/desk/people/KL-00001/correct", "desk_correcting.correct"): DESK,
    ("POST", "/desk/people/KL-00001/correct", "desk_correcting.correct"): DESK,
    ("GET", "/desk/people/KL-00001/swap", "desk_walk_ins.swap"): DESK,
    ("POST", "/desk/people/KL-00001/swap", "desk_walk_ins.swap"): DESK,
    ("GET", "/desk/walk-in", "desk_walk_ins.walk_in"): DESK,
    ("POST", "/desk/walk-in", "desk_walk_ins.walk_in"): DESK,
    ("POST", "/desk/people/KL-00001/blank", "desk_blanks.give"): DESK,
    ("GET", "/desk/blanks", "desk_blanks.index"): READERS,
    ("POST", "/desk/blanks/release", "desk_blanks.change"): READERS,
    ("GET", "/desk/poster", "desk_walk_ins.poster"): DESK,
    # The link's token is the key: `test_an_id_of_somebody_else_opens_nothing` tries others.
    ("GET", "/me/{link}", "me.page"): EVERYONE,
    ("GET", "/me/{link}/door", "me.door"): EVERYONE,
    ("GET", "/me/{link}/badge.pdf", "me.badge_file"): EVERYONE,
    ("GET", "/me/{link}/badge.png", "me.picture"): EVERYONE,
    ("GET", "/me/{link}/event.ics", "me.calendar"): EVERYONE,
    ("POST", "/me/{link}/certificate.pdf", "certificates.mine"): EVERYONE,
    ("GET", "/certificates", "certificates.index"): EVERYONE,
    ("GET", "/certificates/{certificate}", "certificates.check"): EVERYONE,
    ("GET", "/me/offline.js", "me.offline"): EVERYONE,
    ("GET", "/me/withdrawn", "me.withdrawn"): EVERYONE,
    ("POST", "/me/{link}/confirm", "me.confirm"): EVERYONE,
    ("POST", "/me/{link}/withdraw", "me.withdraw"): EVERYONE,
    ("GET", "/me/{link}/correct", "me.correct"): EVERYONE,
    ("POST", "/me/{link}/correct", "me.correct"): EVERYONE,
    ("GET", "/me/{link}/data", "me.data"): EVERYONE,
    ("GET", "/me/{link}/data.json", "me.data_file"): EVERYONE,
    ("POST", "/me/{link}/consents", "me.consents"): EVERYONE,
    ("GET", "/me/{link}/add", "me.add"): EVERYONE,
    ("POST", "/me/{link}/add", "me.add"): EVERYONE,
    ("POST", "/me/{link}/people/{colleague}", "me.open_colleague"): EVERYONE,
    ("GET", "/me/{link}/people/{colleague}/swap", "me.swap"): EVERYONE,
    ("POST", "/me/{link}/people/{colleague}/swap", "me.swap"): EVERYONE,
    ("GET", "/me/{link}/cancel", "me.cancel"): EVERYONE,
    ("POST", "/me/{link}/cancel", "me.cancel"): EVERYONE,
    ("GET", "/login", "accounts.login"): EVERYONE,
    ("POST", "/login", "accounts.login"): EVERYONE,
    ("GET", "/login/code", "accounts.two_factor_token_validation"): EVERYONE,
    ("POST", "/login/code", "accounts.two_factor_token_validation"): EVERYONE,
    ("GET", "/login/recovery", "accounts.mf_recovery"): EVERYONE,
    ("GET", "/login/recovery", "accounts.two_factor_rescue"): EVERYONE,
    ("POST", "/login/recovery", "accounts.mf_recovery"): EVERYONE,
    ("GET", "/account", "accounts.account"): STAFF,
    ("GET", "/staff", "accounts.begin"): STAFF,
    ("GET", "/organiser/staff", "staff.index"): {"organiser"},
    ("POST", "/organiser/staff", "staff.add"): {"organiser"},
    ("POST", "/organiser/staff/{member}/invite", "staff.invite"): {"organiser"},
    ("POST", "/organiser/staff/{member}/role", "staff.role"): {"organiser"},
    ("POST", "/organiser/staff/{member}/stop", "staff.stop"): {"organiser"},
    ("POST", "/organiser/staff/{member}/let-back", "staff.let_back"): {"organiser"},
    ("POST", "/organiser/staff/{member}/sign-out", "staff.sign_out"): {"organiser"},
    ("GET", "/account/passkeys/new", "passkeys.add"): STAFF,
    ("POST", "/account/passkeys/new", "passkeys.add"): STAFF,
    ("POST", "/account/passkeys/options", "passkeys.creation_options"): STAFF,
    # Somebody else's passkey is left alone: `test_nobody_removes_the_passkey_of_somebody_else`.
    ("POST", "/account/sessions/99/end", "accounts.end_session"): STAFF,
    ("POST", "/account/passkeys/1/remove", "passkeys.remove"): STAFF,
    ("POST", "/login/passkey/options", "passkeys.request_options"): EVERYONE,
    ("POST", "/login/passkey", "passkeys.sign_in"): EVERYONE,
    ("GET", "/account/verify", "accounts.verify"): STAFF,
    ("POST", "/account/verify", "accounts.verify"): STAFF,
    ("GET", "/account/recovery-codes", "accounts.mf_recovery_codes"): STAFF,
    ("POST", "/account/recovery-codes", "accounts.mf_recovery_codes"): STAFF,
    ("GET", "/account/second-factor", "accounts.second_factor"): STAFF,
    ("POST", "/account/second-factor", "accounts.second_factor"): STAFF,
    # The token is the key: `test_an_id_of_somebody_else_opens_nothing` tries others.
    ("GET", "/invitation/{invitation}", "accounts.invitation"): EVERYONE,
    ("POST", "/invitation/{invitation}", "accounts.invitation"): EVERYONE,
    ("POST", "/api/door/v1/pair", "door.pair"): EVERYONE,
    ("GET", "/api/door/v1/state", "door.state"): DEVICES,
    ("GET", "/api/door/v1/roster", "door.get_roster"): DEVICES,
    ("POST", "/api/door/v1/report", "door.report"): DEVICES,
    ("POST", "/api/door/v1/lookup", "door.lookup"): DEVICES,
    # It asks itself whose phone it is.
    ("GET", "/door", "door_pages.page"): EVERYONE,
    ("GET", "/door/desk", "door_pages.desk"): EVERYONE,
    ("GET", "/door/protocol", "door_pages.protocol"): EVERYONE,
    ("GET", "/door/worker.js", "door_pages.service_worker"): EVERYONE,
    ("GET", "/door/manifest.webmanifest", "door_pages.manifest"): EVERYONE,
    ("GET", "/door/pair/{pairing}", "door_pages.pair"): EVERYONE,
    ("POST", "/door/pair/{pairing}", "door_pages.pair"): EVERYONE,
    ("POST", "/api/door/v1/move", "door.move"): DEVICES,
    ("POST", "/api/door/v1/scans", "door.scans"): DEVICES,
    ("POST", "/api/door/v1/decisions", "door.decisions"): DEVICES,
    ("POST", "/api/door/v1/voids", "door.voids"): DEVICES,
    ("GET", "/api/door/v1/search?q=ada", "door.search"): {"desk device"},
    ("POST", "/api/door/v1/protocol/vips", "door.vips"): {"protocol device"},
    ("GET", "/api/door/v1/protocol/arrivals", "door.arrivals"): {"protocol device"},
    ("POST", "/api/door/v1/protocol/entourage", "door.entourage"): {"protocol device"},
    # Last, since nobody is signed in after it.
    ("POST", "/logout", "accounts.logout"): EVERYONE,
}
BODIES: dict[str, Callable[["Cast"], dict[str, Any]]] = {
    "door.pair": lambda cast: {"code": world.pairing_code(cast.app), "operator": "Aina"},
    "door.move": lambda cast: {"door": "Gate B"},
    "door.report": lambda cast: {
        **{"sent_at": "2025-09-17T01:00:00Z", "waiting": 0, "last_seq": 0, "roster_age_s": None},
        **{"camera": "ok", "sound": True, "storage": "persisted", "installed": False},
    },
    "door.lookup": lambda cast: {"reference": cast.colleague, "letters": "ben"},
    "door.vips": lambda cast: {"pin": "271828"},
    "door.entourage": lambda cast: {"id": str(uuid.uuid4()), "badge": cast.vip, "people": 3},
    "door.scans": lambda cast: {"scans": [cast.phones["door device"].item("x", "2025-09-17T01:00:00Z")]},
    "door.decisions": lambda cast: {"scan": str(uuid.uuid4()), "decision": "let_in"},
    "door.voids": lambda cast: {
        "id": str(uuid.uuid4()),
        "scan": str(uuid.uuid4()),
        "reason": "x",
        "at": "2025-09-17T01:00:00Z",
    },
}


@dataclass(frozen=True)
class Spare:
    """Ids of a phone and of a door."""

    phone: uuid.UUID
    door: uuid.UUID


@dataclass
class Cast:
    """Everybody who might try."""

    app: Flask
    phones: dict[str, world.Phone]
    browsers: dict[str, Browser]
    badge: str
    invitation: str
    # The token of a delegate's own link, and the reference of a colleague whom they registered.
    link: str
    colleague: str
    # The id of a message that waits.
    letter: uuid.UUID
    tokens: dict[str, str] = field(default_factory=dict)

    @cached_property
    def pairing(self) -> str:
        """A pairing code; who opens its page pairs nobody."""
        return world.pairing_code(self.app)

    @cached_property
    def vip(self) -> str:
        """The look-up id of a VIP's badge."""
        world.enrol(self.app, [world.person("Tun Siti", category="VIP")])
        return lookup_id(world.codes(self.app)["Tun Siti"])

    @cached_property
    def spare(self) -> Spare:
        """A phone that may be moved and revoked, and a door."""
        phone = world.pair(self.app)
        with self.app.app_context(), reading() as session:
            return Spare(phone.id, doors.device(session, phone.id).door_id)

    @cached_property
    def keyed(self) -> uuid.UUID:
        """A line of a paper list that was keyed in."""
        now = clock.now()
        with self.app.app_context(), transaction() as session:
            plan = programme(session)
            line = Keyed(lookup_id(self.badge), now)
            door, by = plan.door_named("Gate A"), "desk@example.org"
            return paper.key_in(
                session, [line], door=door, direction="in", operator=by, programme=plan, now=now
            )[0].id

    @cached_property
    def certificate(self) -> str:
        """The code of a certificate of somebody who was there."""
        now, came = clock.now(), datetime(2025, 9, 17, 1, tzinfo=UTC)
        with self.app.app_context(), transaction() as session:
            plan = programme(session)
            line, door = Keyed(lookup_id(self.badge), came), plan.door_named("Gate A")
            by = "desk@example.org"
            paper.key_in(session, [line], door=door, direction="in", operator=by, programme=plan, now=now)
            ada, key = delegate_with_reference(session, "KL-00001"), self.app.config["CHECKIN"].key
            return certificates.issue(session, ada, programme=plan, key=key, now=now)[1]

    @cached_property
    def admitted(self) -> uuid.UUID:
        """Somebody whom the desk admitted by hand."""
        now = clock.now()
        with self.app.app_context(), transaction() as session:
            plan = programme(session)
            door = plan.door_named("Gate A")
            one = by_hand.Admission(uuid.uuid4(), lookup_id(self.badge), door, "phone flat")
            by_hand.admit(session, one, operator="desk@example.org", programme=plan, now=now)
            return one.id

    @cached_property
    def run(self) -> int:
        """A print run with one file."""
        now = clock.now()
        with self.app.app_context(), transaction() as session:
            wanted, order = PrintFilter(reference="KL-00001"), Order(batch_size=1)
            found = print_runs.matching(session, wanted)
            run = print_runs.make_run(session, wanted, found, order=order, words={}, actor="staff:1", now=now)
            print_runs.store_piece(session, run.id, 1, number=0, content=b"%PDF")
            print_runs.store_batch(session, run, 1, printed=[], size=4, lacking=[], now=now)
            return run.id

    @cached_property
    def list(self) -> int:
        """A list that was uploaded."""
        with self.app.app_context(), transaction() as session:
            return import_runs.make_run(session, name="list.csv", actor="staff:1", now=clock.now()).id

    @cached_property
    def report(self) -> int:
        """An export under a name."""
        with self.app.app_context(), transaction() as session:
            choice = Choice("delegates", columns=["name"])
            exporting.keep_report(session, "Names", choice, actor="staff:1", now=clock.now())
            return exporting.report_named(session, "Names").id

    @property
    def logo(self) -> str:
        """The logo as it is called; there again, should somebody have removed it."""
        out = io.BytesIO()
        Image.new("RGB", (60, 60)).save(out, format="PNG")
        with self.app.app_context(), transaction() as session:
            wanted = logos.Logo(out.getvalue(), 60, 60)
            if logos.logo(session) is None:
                logos.set_logo(session, wanted, now=clock.now())
                event.raise_version(session)
            return wanted.digest

    @cached_property
    def bulk(self) -> int:
        """A change of many that was shown."""
        now = clock.now()
        with self.app.app_context(), transaction() as session:
            day = now.date()
            return bulk_runs.make_run(
                session, "send", ticked=["KL-00001"], day=day, actor="staff:1", now=now
            ).id

    @cached_property
    def member(self) -> int:
        """Somebody on the staff, who may be stopped."""
        with self.app.app_context(), transaction() as session:
            mark = new_id().hex
            return staff.add_staff(
                session, "spare@example.org", role="desk", uniquifier=mark, now=clock.now()
            ).id

    def opens(self, who: str, method: str, path: str, endpoint: str) -> TestResponse:
        """What `who` gets, from another machine than the server's."""
        client, headers = self.means(who)
        known = {"invitation": self.invitation, "link": self.link, "colleague": self.colleague}
        known |= {"door": str(self.spare.door), "phone": str(self.spare.phone), "keyed": str(self.keyed)}
        known |= {"admitted": str(self.admitted)}
        path = path.format(
            **known,
            letter=self.letter,
            logo=self.logo,
            certificate=self.certificate,
            pairing=self.pairing,
            run=self.run,
            list=self.list,
            report=self.report,
            bulk=self.bulk,
            member=self.member,
        )
        if method == "POST" and endpoint not in BODIES:
            # Forms with their CSRF token, so that access decides and not the token.
            form = {"csrf_token": self.token_of(who, client)}
            return client.post(path, data=form, headers=headers | {"Accept": "text/html"})
        body = BODIES[endpoint](self) if endpoint in BODIES else None
        return client.open(
            path, method=method, json=body, headers=headers, environ_base={"REMOTE_ADDR": "192.0.2.7"}
        )

    def means(self, who: str) -> tuple[FlaskClient, dict[str, str]]:
        if who in self.phones:
            return self.phones[who].client, dict(self.phones[who].headers)
        if who in self.browsers:
            return self.browsers[who].client, {}
        return self.app.test_client(), {"Authorization": f"Bearer {self.badge}"} if who == "delegate" else {}

    def token_of(self, who: str, client: FlaskClient) -> str:
        """The token of the forms that `who` finds; whoever has no session gets a new one with each page."""
        if who not in self.tokens or who not in self.browsers | self.phones:
            page = client.get("/account" if who in STAFF else "/find", headers={"Accept": "text/html"}).text
            found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
            self.tokens[who] = found[1] if found else ""
        return self.tokens[who]


def member(app: Flask, role: str) -> Member:
    email, path = invite(app, role=role)
    with app.app_context():
        secret = security.totp_factory.generate_totp_secret()
        uri = security.totp_factory.get_totp_uri(email, secret)
        with transaction() as session:
            token, hashed = path.removeprefix("/invitation/"), hash_password("hujan turun di Ipoh")
            factor = SecondFactor(secret, counter=0)
            joined = staff.accept_invitation(session, token, password=hashed, factor=factor, now=clock.now())
    return Member(joined.id, email, TOTP.from_uri(uri))


@pytest.fixture
def cast(expo: Flask) -> Cast:
    world.enrol(expo, [world.person("Ada Lim", email="ada@example.org")])
    browsers = {role: Browser(expo) for role in sorted(STAFF)}
    for role, browser in browsers.items():
        assert browser.sign_in(member(expo, role)).status_code in {302, 303}
    halfway = Browser(expo)
    somebody = member(expo, "organiser")
    halfway.send("/login", email=somebody.email, password="hujan turun di Ipoh")
    phones = {
        "door device": world.pair(expo),
        "desk device": world.pair(expo, desk=True),
        "protocol device": world.pair(expo, pin="271828"),
    }
    invitation = invite(expo)[1].removeprefix("/invitation/")
    everybody = browsers | {"halfway": halfway}
    link, colleague = world.contact(expo, "Ada Lim", colleague="Ben Lim")
    badge = world.codes(expo)["Ada Lim"]
    return Cast(expo, phones, everybody, badge, invitation, link, colleague, _letter(expo))


def _letter(app: Flask) -> uuid.UUID:
    with app.app_context(), transaction() as session:
        ada = delegate_with_reference(session, "KL-00001")
        return messages.write_message(session, ada.id, kind="badge", now=clock.now()).id


def test_everybody_opens_what_they_may_and_nothing_else(cast: Cast) -> None:
    wrong = []
    for (method, path, endpoint), may in ROUTES.items():
        for who in sorted(EVERYONE):
            answer = cast.opens(who, method, path, endpoint)
            answer.close()
            status = answer.status_code
            refused = status in {401, 403, 404}
            if refused == (who in may) or status >= 500:
                wrong.append(f"{who} got {status} from {method} {path}")

    assert wrong == []


def test_every_route_has_a_row() -> None:
    app = create_app(Config(testing=True))
    there = {
        (method, rule.endpoint)
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if method not in {"HEAD", "OPTIONS"}
    }

    assert there == {(method, endpoint) for method, _, endpoint in ROUTES}


def test_the_rows_agree_with_what_the_routes_declare() -> None:
    app = create_app(Config(testing=True))
    meant = {
        "device": DEVICES,
        "desk_device": {"desk device"},
        "protocol_device": {"protocol device"},
        "everyone": EVERYONE,
        "operator": set(),
    }

    for (_, _, endpoint), may in ROUTES.items():
        declared = access.opened_to(app, endpoint) or frozenset()
        assert may == set().union(*(meant.get(who, {who}) for who in declared)), endpoint


def test_no_library_route_is_listed_that_isnt_there() -> None:
    app = create_app(Config(testing=True))

    assert set(access.LIBRARY_ROUTES) <= set(app.view_functions)


def test_an_id_of_somebody_else_opens_nothing(cast: Cast) -> None:
    other = world.pair(cast.app, "Gate B")
    scan = other.item(cast.badge, "2025-09-17T01:00:00Z")
    other.send([scan])
    phone = cast.phones["door device"]
    asked = {"id": str(uuid.uuid4()), "scan": scan["id"], "reason": "x", "at": "2025-09-17T01:00:00Z"}

    void = phone.client.post("/api/door/v1/voids", json=asked, headers=phone.headers)
    decision = phone.client.post(
        "/api/door/v1/decisions", json={"scan": scan["id"], "decision": "let_in"}, headers=phone.headers
    )
    invitation = cast.browsers["organiser"].get("/invitation/" + "A" * 22)
    file = cast.app.test_client().get("/static/0/../../config.py")

    assert [void.status_code, decision.status_code, invitation.status_code, file.status_code] == [
        403,
        403,
        403,
        404,
    ]


def test_a_route_that_doesnt_say_who_may_open_it_stops_start_up() -> None:
    app = Flask("forgotten")
    app.add_url_rule("/forgotten", "forgotten", lambda: "")

    with pytest.raises(RuntimeError, match="forgotten"):
        access.guard(app)


def test_metrics_are_for_this_machine_or_for_the_token(database_url: str) -> None:
    open_ = create_app(Config(database_url=database_url, testing=True)).test_client()
    closed = create_app(Config(database_url=database_url, metrics_token="t" * 32, testing=True)).test_client()
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}

    statuses = [
        open_.get("/metrics").status_code,
        open_.get("/metrics", environ_base=elsewhere).status_code,
        closed.get("/metrics").status_code,
        closed.get(
            "/metrics", headers={"Authorization": f"Bearer {'t' * 32}"}, environ_base=elsewhere
        ).status_code,
    ]

    assert statuses == [200, 404, 404, 200]
