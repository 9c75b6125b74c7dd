"""An event in full swing, with somebody in every state, and the way to every page of it."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Flask
from playwright.sync_api import Page
from sqlalchemy import select, update

from checkin import clock
from checkin.db import reading, transaction
from checkin.documents import mailing
from checkin.domain import blanks, bulk_runs, delegates, exporting, import_runs, links
from checkin.domain.delegate_list import Wanted
from checkin.domain.delegates import Delegate
from checkin.domain.exporting import LONGEST_NAME, Choice
from checkin.domain.programme import programme
from checkin.organisers import bulk_doing, duplicate_search, importing
from tests import world
from tests.accounts.people import PASSWORD, Member, enrol, invite

LONG = "Tan Sri Dato' Seri Panglima Dr. Mohd Shahrizal Iskandar bin Abdul Rahman al-Haj Ibrahim"
PEOPLE = {
    "confirmed": LONG,
    "pending": "சுப்பிரமணியம் முருகன்",
    "waiting": "王小明",
    "unconfirmed": "محمد عبد الله الأحمد",
    "cancelled": "Ana",
}
Act = Callable[[Page], None]
Stop = tuple[str, str, Act | None]


@dataclass
class Scene:
    """What the pages are about."""

    organiser: Member
    links: dict[str, str]
    reference: str
    pairing: str
    door: str
    invitation: str
    # The paths of lists to be imported, by how far each is.
    lists: dict[str, str]
    # The token of somebody who registered somebody else, whose reference follows.
    contact: tuple[str, str]
    # The paths of changes of many: one that was shown, and one that was done.
    bulk: dict[str, str]
    # The path of two who are likely one.
    twins: str
    app: Flask

    def stops(self) -> Iterator[Stop]:
        """Each page's name, its path and what to do on it before looking."""
        yield from self._delegates()
        yield from self._doors()
        yield from self._organisers()

    def _delegates(self) -> Iterator[Stop]:
        yield "start", "/", None
        yield "register", "/register", None
        yield "register-errors", "/register", _send_empty
        yield "registered", "/registered", None
        yield "register-onsite", "/register?onsite", None
        yield "show-at-desk", "/register?onsite", _announce
        yield "find", "/find", None
        for status, token in self.links.items():
            yield f"me-{status}", f"/me/{token}", None
        mine = f"/me/{self.links['confirmed']}"
        for page in ("correct", "add", "data", "cancel"):
            yield f"me-{page}", f"{mine}/{page}", None
        contact, colleague = self.contact
        yield "me-contact", f"/me/{contact}", None
        yield "me-swap", f"/me/{contact}/people/{colleague}/swap", None
        yield "certificates", "/certificates?code=AB", None
        yield "certificate-unknown", "/certificates/0123456789ABCDEF", None
        yield "nothing", "/nothing-here", None
        yield "link-refused", f"/me/{'A' * 22}", None

    def _doors(self) -> Iterator[Stop]:
        yield "door-unpaired", "/door", None
        yield "door-pair", f"/door/pair/{self.pairing}", None
        yield "door-pair-refused", "/door/pair/AAAAAAAAAAAAAAAAAAAAAA", None

    def _organisers(self) -> Iterator[Stop]:
        yield "login", "/login", None
        yield "invitation", self.invitation, None
        yield "board", "/login?next=/organiser", self._sign_in
        yield "wall", "/organiser?wall=1", None
        yield "desk", "/desk", None
        yield "desk-found", "/desk", _find
        yield "desk-nobody", "/desk", _find_nobody
        yield "desk-person", f"/desk/people/{self.reference}", None
        yield "desk-lacks", f"/desk/people/{self.reference}", _admit_without_reason
        yield "desk-correct", f"/desk/people/{self.reference}/correct", None
        yield "desk-swap", f"/desk/people/{self.reference}/swap", None
        yield "desk-walk-in", "/desk/walk-in", None
        yield "desk-walk-in-errors", "/desk/walk-in", _send_empty
        yield "desk-blanks", "/desk/blanks", None
        yield "desk-blank-found", "/desk", _find_blank
        yield "desk-poster", "/desk/poster", None
        yield "delegates", "/organiser/delegates", None
        yield "delegates-none", "/organiser/delegates?q=nobodyhasthisname", None
        for act in ("confirm", "cancel", "print"):
            yield f"bulk-{act}", "/organiser/delegates", partial(_choose_all, act=act)
        yield "bulk-differs", self.bulk["shown"], partial(_order_bulk, app=self.app)
        yield "bulk-done", self.bulk["done"], None
        yield "bulk-runs", "/organiser/delegates/bulk", None
        yield "delegate", f"/organiser/delegates/{self.reference}", None
        yield "delegate-correct", f"/organiser/delegates/{self.reference}/correct", None
        yield (
            "delegate-clash",
            f"/organiser/delegates/{self.reference}/correct",
            partial(_be_slower, app=self.app, reference=self.reference),
        )
        yield "delegate-seen", f"/organiser/delegates/{self.reference}/seen", None
        yield "duplicates", "/organiser/duplicates", None
        yield "duplicate", self.twins, None
        yield "duplicate-preview", self.twins, _send_first
        yield "delegate-erase", f"/organiser/delegates/{self.reference}/erase", _erase_for_no_reason
        yield "doors", "/organiser/doors", None
        yield "pairing", f"/organiser/doors/{self.door}/pair", None
        yield "readiness", "/organiser/readiness", None
        yield "paper", f"/organiser/paper?door={self.door}", None
        yield "keying", "/organiser/paper/keying", _key_in
        yield "imports", "/organiser/import", None
        for name, path in self.lists.items():
            yield f"import-{name}", path, None
        yield from self._rarely_needed()

    def _rarely_needed(self) -> Iterator[Stop]:
        yield "prints", "/organiser/prints?look=yes", None
        yield "print-run", "/organiser/prints?look=yes", _print
        yield "prints-blanks", "/organiser/prints", _open_all
        yield "layouts", "/organiser/badges", _wait_for_pictures
        yield "after", "/organiser/after", _publish
        yield "delegate-attendance", f"/organiser/delegates/{self.reference}/attendance", _add_for_no_reason
        yield "exports", "/organiser/exports", None
        yield "exports-kind", "/organiser/exports/attendance", None
        yield "exports-errors", "/organiser/exports/scans", _export_nothing
        yield "export-over", f"/organiser/exports/files/{'A' * 22}", None
        yield "outbox", "/organiser/outbox", None
        yield "staff", "/organiser/staff", None
        for page in ("", "/event", "/days", "/places", "/letters", "/letters/badge", "/notice", "/logo"):
            yield f"setup{page.replace('/', '-')}", f"/organiser/setup{page}", None
        yield "setup-categories", "/organiser/setup/categories", _open_all
        yield "setup-errors", "/organiser/setup/event", _set_nothing
        yield "audit", "/organiser/audit", None
        yield "account", "/account", None

    def _sign_in(self, page: Page) -> None:
        page.locator("[name=email]").fill(self.organiser.email)
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("main form button[type=submit]").first.click()
        page.locator("[name=code]").fill(self.organiser.code())
        page.locator("main form button[type=submit]").first.click()
        page.wait_for_url("**/organiser")


def _send_empty(page: Page) -> None:
    page.locator("main form").last.evaluate("form => form.noValidate = true")
    page.locator("main form button[type=submit]").last.click()
    page.locator(".summary").wait_for()


def _send_first(page: Page) -> None:
    page.locator("main form button[type=submit]").first.click()
    page.locator(".for-ever").wait_for()


def _erase_for_no_reason(page: Page) -> None:
    page.locator("main form").last.evaluate("form => form.noValidate = true")
    page.locator("main form button[type=submit]").last.click()
    page.locator(".summary").wait_for()


def _export_nothing(page: Page) -> None:
    page.locator("main form").evaluate("form => form.noValidate = true")
    for column in page.locator("[name=columns]").all():
        column.uncheck()
    page.get_by_role("button", name="Excel").click()
    page.locator(".summary").wait_for()


def _publish(page: Page) -> None:
    if page.locator("#purpose").count() == 0:
        page.locator("form[action$=publish] button").click()
    page.locator("#version").wait_for()


def _add_for_no_reason(page: Page) -> None:
    page.locator("main form").first.evaluate("form => form.noValidate = true")
    page.locator("main form button[type=submit]").first.click()
    page.locator(".summary").wait_for()


def _announce(page: Page) -> None:
    page.locator("[name=name]").fill("Nur Aisyah")
    page.locator("[name=consent_notice]").check()
    page.locator("main form button[type=submit]").last.click()
    page.locator(".shown-reference").wait_for()


def _find(page: Page) -> None:
    page.locator("#q").press_sequentially("kementerian")
    page.locator(".desk-result").first.wait_for()


def _find_blank(page: Page) -> None:
    page.locator("#q").fill("B-0002")
    page.locator("#desk-found .btn").wait_for()


def _find_nobody(page: Page) -> None:
    page.locator("#q").fill("nobodyhasthisname")
    page.locator("#desk-found .btn").wait_for()


def _admit_without_reason(page: Page) -> None:
    page.locator(".reasoned summary").first.click()
    page.locator("#why-admit").select_option("other")
    page.locator(".reason button").first.click()


def _open_all(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")


def _set_nothing(page: Page) -> None:
    page.locator("#facts-0-name").fill("")
    page.locator("#facts-0-contact").fill("nobody")
    page.locator("main form button[type=submit]").first.click()
    page.locator(".summary").wait_for()


def _choose_all(page: Page, *, act: str) -> None:
    page.locator("[name=whom][value=all]").check()
    page.locator("#act").select_option(act)
    page.locator("#bulk button").click()
    page.locator(".import-facts").wait_for()


def _order_bulk(page: Page, *, app: Flask) -> None:
    """Press the button where somebody has changed one of them meanwhile, back and forth."""
    with app.app_context(), transaction() as session:
        one = session.scalars(select(Delegate).order_by(Delegate.id.desc()).limit(1)).one()
        if not delegates.cancel(session, one, now=clock.now()):
            delegates.reinstate(session, one, now=clock.now())
    page.locator("#reason").fill("Tidak jadi datang")
    page.locator(".bulk-order button").click()
    page.locator(".bulk-differs").wait_for()


def _be_slower(page: Page, *, app: Flask, reference: str) -> None:
    """Save after somebody else has."""
    page.locator("#job_title").fill(f"Ketua Pengarah {clock.now():%H%M%S%f}")
    page.locator("#organisation").fill("MDEC")
    with app.app_context(), transaction() as session:
        one = delegates.delegate_with_reference(session, reference)
        title = f"Menteri {clock.now():%H%M%S%f}"
        session.execute(
            update(Delegate)
            .where(Delegate.id == one.id)
            .values(job_title=title, delegation="Malaysia", changed_at=clock.now())
        )
    page.locator("main form button[type=submit]").last.click()
    page.locator(".clash").wait_for()


def _print(page: Page) -> None:
    page.locator(".print-found button").click()
    page.locator(".print-bar").wait_for()


def _wait_for_pictures(page: Page) -> None:
    for picture in page.locator(".layout-picture").all():
        picture.scroll_into_view_if_needed()
        picture.evaluate("picture => picture.decode()")


def _key_in(page: Page) -> None:
    page.locator("#door").select_option(index=1)
    # The first day was yesterday.
    page.locator("#day").select_option(index=0)
    page.locator("#lines").fill("1 09:15\nnobody 09:15")
    page.locator("main form button[type=submit]").first.click()
    page.locator(".summary").wait_for()


def prepare(app: Flask) -> Scene:
    """The event as of today, with people, scans, mail that waits, phones and an organiser."""
    today = world.today()
    days: list[dict[str, Any]] = [{"date": today + dt.timedelta(days=n - 1)} for n in range(3)]
    categories = [
        {"name": "Delegate", "self_registration": True, "areas": ["Expo", "Hall"]},
        {"name": "Speaker", "self_registration": True, "approval": True},
    ]
    world.set_event(app, days=days, categories=categories)
    world.enrol(
        app,
        [
            world.person(
                name, email=f"{status}@example.org", organisation="Kementerian Digital", country="MY"
            )
            for status, name in PEOPLE.items()
        ],
    )
    _arrive(app)
    with app.app_context(), transaction() as session:
        people = {one.name: one for one in session.scalars(select(Delegate))}
        tokens = {status: _link(session, people[name].id) for status, name in PEOPLE.items()}
        for status, name in PEOPLE.items():
            mailing.write_to(session, people[name], kind="badge", now=clock.now())
            if status != "confirmed":
                changed = update(Delegate).where(Delegate.id == people[name].id)
                cancelled = clock.now() if status == "cancelled" else None
                session.execute(changed.values(status=status, cancelled_at=cancelled))
    pairing, door, (_, invitation) = world.pairing_code(app), _door_id(app), invite(app)
    _keep_reports(app)
    contact = world.contact(app, LONG, colleague="Bo Tan")
    _make_blanks(app)
    lists = {state: f"/organiser/import/{_list(app, state)}" for state in ("matching", "checked", "done")}
    bulk = {state: f"/organiser/delegates/bulk/{_bulk(app, state)}" for state in ("shown", "done")}
    mine = (enrol(app), tokens, people[LONG].reference)
    return Scene(*mine, pairing, door, invitation, lists, contact, bulk, _twins(app), app)


def _twins(app: Flask) -> str:
    """The path of two entries that are likely one person: who came with the second."""
    works = {"organisation": "Majlis Bandaraya Pulau Pinang", "country": "MY"}
    spelt = {**works, "job_title": "Pengarah Perancangan Bandar", "email": "muniandy@example.org"}
    names = ("Muniandy a/l Subramaniam", "MUNIANDY SUBRAMANIAM")
    world.enrol(
        app,
        [
            world.person(names[0], honorific="Dato'", **spelt),
            world.person(names[1], phone="+60123456789", **works),
        ],
    )
    world.pair(app).scan(world.codes(app)[names[1]], clock.now().isoformat())
    with app.app_context():
        duplicate_search.search()
        with reading() as session:
            query = select(Delegate.reference).where(Delegate.name.in_(names)).order_by(Delegate.id)
            first, second = session.scalars(query)
    return f"/organiser/duplicates/{first}/{second}"


def _keep_reports(app: Flask) -> None:
    """Two exports under a name, the longest that there may be and a short one."""
    kept = {
        f"{LONG}: {'everything ' * 9}"[:LONGEST_NAME].strip(): Choice(
            "attendance",
            {"country": "MY", "organisation": LONG, "status": "confirmed", "category": "99"},
            ["name", "first_in"],
            "Seating at the opening",
        ),
        "Ministry": Choice("figures", {"language": "ms"}, purpose="Ministry of Digital"),
    }
    with app.app_context(), transaction() as session:
        for name, choice in kept.items():
            exporting.keep_report(session, name, choice, actor="staff:1", now=clock.now())


LIST = f"""Nama penuh,Gelaran,Syarikat,Negara,Emel,Kategori,Jualan
{LONG},Tan Sri,Kementerian Digital,MY,new@example.org,Speaker,1
王小明,,深圳市智慧城市研究院,China,wang@example.org,,2
محمد عبد الله الأحمد,,,Atlantis,,,3
Bo Tan,,MDEC,MY,not an address,Nobody's category,4
Bo Tan,,MDEC,MY,wang@example.org,,5
"""


def _list(app: Flask, state: str) -> int:
    """A list that was uploaded and has come so far."""
    now = clock.now()
    with app.app_context():
        with transaction() as session:
            run = import_runs.make_run(session, name="senarai perwakilan.csv", actor="staff:1", now=now)
            import_runs.store(session, run.id, import_runs.FILE, 0, LIST.encode())
            run.state = "reading"
        importing.import_list(str(run.id))
        if state != "matching":
            with transaction() as session:
                held = import_runs.the_run(session, run.id, hold=True)
                import_runs.choose(held, fields=held.fields, pending=state == "done", now=now)
            importing.import_list(str(run.id))
        if state == "done":
            with transaction() as session:
                held = import_runs.the_run(session, run.id, hold=True)
                import_runs.order(held, looks=1, actor="staff:1", now=now)
            importing.import_list(str(run.id))
        return run.id


def _bulk(app: Flask, state: str) -> int:
    """A change of many: shown only, or done for one of two."""
    now = clock.now()
    with app.app_context():
        with transaction() as session:
            last = select(Delegate.reference).order_by(Delegate.id.desc()).limit(1)
            gone = select(Delegate.reference).where(Delegate.status == "cancelled").limit(1)
            ticked = [session.scalars(one).one() for one in (last, gone)]
            whom = {"wanted": Wanted()} if state == "shown" else {"ticked": ticked}
            run = bulk_runs.make_run(session, "cancel", **whom, day=now.date(), actor="staff:1", now=now)
            if state == "done":
                bulk_runs.order(run, looks=1, reason="Ujian", settings={}, actor="staff:1", now=now)
        if state == "done":
            bulk_doing.do_run(str(run.id))
        return run.id


def _link(session: Any, delegate_id: int) -> str:
    now = clock.now()
    return links.mint_link(session, delegate_id, now=now, expires_at=now + dt.timedelta(days=30))


def _make_blanks(app: Flask) -> None:
    """Blank badges: released ones, one of which was let in, and dead ones."""
    with app.app_context(), transaction() as session:
        plan, key, now = programme(session), app.config["CHECKIN"].key, clock.now()
        made = blanks.make(session, 60, category_id=plan.category_named("Delegate"), key=key, now=now)
        blanks.release(session, 1, 20, key=key, now=now)
        code = key.code(made[4].id, prefix=plan.code_prefix)
    world.pair(app).scan(code, clock.now().isoformat())


def _arrive(app: Flask) -> None:
    phone, now = world.pair(app), clock.now()
    codes = world.codes(app)
    phone.scan(codes[LONG], now.isoformat())
    phone.scan(codes["Ana"], (now - dt.timedelta(days=1)).isoformat())
    phone.scan("NOT A BADGE", now.isoformat())


def _door_id(app: Flask) -> str:
    with app.app_context(), reading() as session:
        return str(programme(session).door_named("Gate A").id)
