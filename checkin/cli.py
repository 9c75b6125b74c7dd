"""The console script's commands; it owns no table."""

import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import wraps
from pathlib import Path
from typing import IO, Any, TypeVar
from urllib.parse import quote

import click
from flask import Flask
from flask_babel import force_locale
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from checkin import clock, doctor, restoring, schema, serving
from checkin.adapters import jobs, qr
from checkin.adapters.backups import About
from checkin.app import create_app
from checkin.config import Config
from checkin.db import db, reading, transaction, wipe_free_space
from checkin.documents import badge_samples, mailing
from checkin.documents import badges as documents
from checkin.documents.badge_faces import faces
from checkin.documents.layouts import known_layout, refuse_broken_layouts
from checkin.documents.practice import practice_sheet
from checkin.domain import (
    audit,
    badges,
    blanks,
    delegates,
    doors,
    duplicates,
    erasing,
    exporting,
    links,
    print_runs,
    queue_files,
    setting_up,
    staff,
    test_badges,
)
from checkin.domain.countries import country_code
from checkin.domain.details import FIELDS, clean_details, email_address
from checkin.domain.event import is_set_up, the_event
from checkin.domain.exporting import Choice
from checkin.domain.own_data import as_file, own_data
from checkin.domain.programme import Programme, programme
from checkin.domain.queue_files import WRONG
from checkin.domain.registering import Enrolment
from checkin.domain.restoring import Standing
from checkin.domain.seeing import seen
from checkin.errors import Refusal
from checkin.organisers import (
    amending,
    closing_pack,
    demo,
    duplicate_search,
    enrolling,
    export_choices,
    exports,
    files,
    imports,
    prints,
    queues,
    settings,
)
from checkin.organisers.wording import STATUSES
from checkin.tokens import new_id

ACTOR = "command line"
LATEST_RUNS = 20
AUDIT_END = re.compile("[1-9][0-9]*:[0-9a-f]{64}")
LOOK_AGAIN = 0.5  # seconds
FIRST_ORGANISER = "organiser@localhost"
Command = TypeVar("Command", bound=Callable[..., Any])


def prepared(command: Command) -> Command:
    """Run a command inside the application, with the schema brought up to date, and pass the settings first."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        config = Config.from_env()
        with application(config).app_context():
            return command(config, *args, **kwargs)

    return run  # type: ignore[return-value]


def application(config: Config) -> Flask:
    """The application on a database that has every migration."""
    if config.sqlite:
        path = Path(config.database_url.removeprefix("sqlite:///"))
        path.parent.mkdir(parents=True, exist_ok=True)
        # Everybody's personal data: for the account that runs Checkin alone.
        path.touch(mode=0o600)
    app = create_app(config)
    with app.app_context():
        schema.upgrade()
        jobs.prepare_queue(db.engine)
    return app


@contextmanager
def bar(label: str, length: int | None) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal's standard error; elsewhere nothing."""
    if not sys.stderr.isatty():
        yield lambda _steps: None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr) as shown:  # type: ignore[var-annotated]
        yield shown.update


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="checkin")
def cli() -> None:
    """Registers the delegates of an expo, gives them badges and lets them in."""


# --- the server -----------------------------------------------------------------------------------------------


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Server processes.")
@click.option("--https", is_flag=True, help="With a certificate of this machine's own, to try phones out.")
@click.option("--no-worker", is_flag=True, help="Without the worker that sends mail and runs jobs.")
def serve(host: str, port: int, workers: int, https: bool, no_worker: bool) -> None:
    """Serve everything, in production too."""
    config = Config.from_env(host=host, port=port, https=https)
    refuse_broken_layouts()
    application(config)
    click.echo(f"Checkin serves {config.base_url}", err=True)
    serving.serve(config, host=host, port=port, workers=workers, https=https, with_worker=not no_worker)


@cli.command()
@click.option(
    "--name", default="worker", show_default=True, help="This worker's name, its own on each machine."
)
def worker(name: str) -> None:
    """Send mail and run jobs, on this or another machine."""
    config = Config.from_env()
    jobs.run_worker(application(config), name=name)


@cli.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--host", default="127.0.0.1", show_default=True)
def run(host: str, port: int) -> None:
    """Try it out: serve, with the demo event where the database is empty."""
    config = Config.from_env(host=host, port=port)
    refuse_broken_layouts()
    app = application(config)
    with app.app_context():
        with reading() as session:
            empty = not is_set_up(session)
        if empty:
            _fill_demo(config, people=10_000, scans=0, starts=None)
        click.echo(_welcome(config, with_example=empty))
    serving.serve(config, host=host, port=port, workers=2, https=False, with_worker=True)


def _welcome(config: Config, *, with_example: bool) -> str:
    base, now = config.base_url, clock.now()
    with transaction() as session:
        plan = programme(session)
        door = next(iter(plan.doors.values()))
        _, pairing = doors.offer_pairing(session, door.id, now=now)
        invited = _first_organiser(session)
        badge = _example_link(session, plan) if with_example else None
    sign_in = f"{base}/invitation/{invited}  (once, within a day)" if invited else f"{base}/login"
    lines = [
        "",
        f"  {plan.name}",
        "",
        f"  delegates   {base}/",
        f"  doors       {base}/door/pair/{pairing}  (pairs one phone with {door.name}, within ten minutes)",
        f"  organisers  {sign_in}",
        "",
        *([f"  a badge to scan: {base}/me/{badge}"] if badge else []),
        f"  letters wait in {base}/organiser/outbox until there is a mail server",
        "  phones in this network: checkin serve --https --host 0.0.0.0 (see docs/operations.md)",
        "",
    ]
    return "\n".join(lines)


def _first_organiser(session: Session) -> str | None:
    """An invitation for the first organiser, as long as nobody has signed in yet."""
    if staff.somebody_signed_up(session):
        return None
    first = staff.staff_with_email(session, FIRST_ORGANISER)
    if first is None:
        first = staff.add_staff(
            session, FIRST_ORGANISER, role="organiser", uniquifier=new_id().hex, now=clock.now()
        )
    return staff.invite(session, first, now=clock.now())


def _example_link(session: Session, plan: Programme) -> str:
    """A link to the page of a delegate whom the demo has just made up."""
    wanted = badges.PrintFilter(category_id=plan.category_named("Delegate"), sort="reference")
    example = badges.badges_to_print(session, wanted, at_most=1)[0].Delegate
    now = clock.now()
    return links.mint_link(session, example.id, now=now, expires_at=links.last_moment(plan, now=now))


@cli.command(name="doctor")
def doctor_command() -> None:
    """Say what is missing or unsafe in this installation, and how to mend it."""
    try:
        config = Config.from_env()
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from refusal
    for name, state, purpose in doctor.settings(config):
        click.echo(f"  {name:<24}{state:<9}{purpose}")
    grave = 0
    for finding in doctor.examine(create_app(config), config):
        mark = "ok  " if finding.well else "FAIL" if finding.grave else "note"
        click.echo(f"{mark}  {finding.what}" + (f". {finding.mend}" if finding.mend else ""))
        grave += finding.grave
    if grave:
        raise click.ClickException(f"{grave} of these must be mended before doors open.")


# --- the event ------------------------------------------------------------------------------------------------


@cli.command(name="demo")
@click.option("--delegates", "people", default=10_000, show_default=True, type=click.IntRange(0, 200_000))
@click.option("--scans", default=0, show_default=True, type=click.IntRange(0, 1_000_000))
@click.option("--starts", type=click.DateTime(["%Y-%m-%d"]), help="The first day; today unless given.")
@prepared
def demo_command(config: Config, people: int, scans: int, starts: datetime | None) -> None:
    """Fill an empty database with a lifelike event."""
    _fill_demo(config, people=people, scans=scans, starts=starts.date() if starts else None)


def _fill_demo(config: Config, *, people: int, scans: int, starts: date | None) -> None:
    now = clock.now()
    today = now.astimezone(demo.ZONE).date()
    with bar("Filling the demo event", people + scans) as update:
        counts = demo.fill(
            delegates=people, scans=scans, starts=starts or today, key=config.key, now=now, on_steps=update
        )
    click.echo(f"The demo event has {counts}.", err=True)


@cli.group(name="event")
def event_group() -> None:
    """The event's set-up."""


@event_group.command(name="set")
@click.argument("file", type=click.Path(path_type=Path))
@prepared
def event_set(config: Config, file: Path) -> None:
    """Create the event or change its set-up, from a TOML file."""
    wanted = settings.read_settings(file)
    with transaction() as session:
        fields = settings.apply_settings(session, wanted, key=config.key)
        if fields:
            audit.record(
                session, "event set", actor=ACTOR, now=clock.now(), subject=wanted.code, fields=fields
            )
    click.echo(
        f"{wanted.name} ({wanted.code}): {len(wanted.days)} days, {len(wanted.categories)} categories, "
        f"{len(wanted.areas)} areas, {len(wanted.doors)} doors."
    )


@event_group.command(name="show")
@prepared
def event_show(config: Config) -> None:
    """The set-up as it is now, as a file for `event set`."""
    with reading() as session:
        now = setting_up.settings_of(programme(session))
    click.echo(settings.as_toml(now), nl=False)


# --- delegates and badges -------------------------------------------------------------------------------------


@cli.group(name="delegates")
def delegates_group() -> None:
    """The people who come."""


@delegates_group.command(name="import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would happen, change nothing.")
@click.option("--partial", is_flag=True, help="Import the good rows although others are rejected.")
@click.option("--pending", is_flag=True, help="As pending, without badges, until somebody approves them.")
@click.option(
    "--map", "mapped", multiple=True, metavar='"THEIR COLUMN=our_field"', help="Say what a column means."
)
@prepared
def delegates_import(
    config: Config, file: Path, dry_run: bool, partial: bool, pending: bool, mapped: tuple[str, ...]
) -> None:
    """Add the delegates of a CSV or XLSX list; running it again adds nobody twice."""
    people = imports.read_list(file, imports.read_mapping(mapped))
    for column, ours in people.columns.items():
        click.echo(f"column “{column}” is our {ours}")
    for column in people.unmapped:
        click.echo(f'column “{column}” is left aside; say --map "{column}=…" to use it')
    for note in people.notes:
        click.echo(note)
    wanted = enrolling.Wanted(dry_run, partial, pending)
    with bar("Importing", None) as update:
        found, enrolled = enrolling.import_list(
            people, wanted, key=config.key, actor=ACTOR, now=clock.now(), tell=click.echo, on_rows=update
        )
    click.echo(_outcome(found, enrolled, dry_run=dry_run))


def _outcome(found: enrolling.Survey, enrolled: Enrolment, *, dry_run: bool) -> str:
    by_category = ", ".join(f"{name} {count}" for name, count in sorted(found.categories.items()))
    return (
        f"{'Would add' if dry_run else 'Added'} {enrolled.added}, on the waiting list {enrolled.waiting}, "
        f"known before {enrolled.known}, twice in the file {found.repeated}, rejected {found.rejected}."
        + (f" Good rows by category: {by_category}." if by_category else "")
    )


@delegates_group.command(name="cancel")
@click.argument("reference")
@click.option("--reason", required=True, help="Why; it is kept.")
@prepared
def delegates_cancel(_config: Config, reference: str, reason: str) -> None:
    """Cancel a registration; the badge is refused at the doors from now on."""
    _change(
        reference, reason, delegates.cancel, "delegate cancelled", "is cancelled", "was cancelled already"
    )


@delegates_group.command(name="reinstate")
@click.argument("reference")
@click.option("--reason", required=True, help="Why; it is kept.")
@prepared
def delegates_reinstate(_config: Config, reference: str, reason: str) -> None:
    """Undo a cancellation; the same badge works again."""
    _change(
        reference, reason, delegates.reinstate, "delegate reinstated", "is reinstated", "was not cancelled"
    )


@delegates_group.command(name="erase")
@click.argument("reference")
@click.option("--reason", required=True, help="Why, without their name; it is kept.")
@prepared
def delegates_erase(_config: Config, reference: str, reason: str) -> None:
    """Erase a delegate's personal data for ever, on their request; the attendance figures stay."""
    with transaction() as session:
        delegate = delegates.delegate_with_reference(session, reference, hold=True)
        erased = erasing.erase(session, delegate, actor=ACTOR, reason=reason, now=clock.now())
    click.echo(f"{delegate.reference} {'is erased' if erased else 'was erased already'}.")


@delegates_group.command(name="correct")
@click.argument("reference")
@click.option(
    "--set",
    "given",
    multiple=True,
    required=True,
    metavar='FIELD="VALUE"',
    help=f"Any of {', '.join(FIELDS)}; nothing after the = empties it.",
)
@click.option("--reason", required=True, help="Why; it is kept.")
@prepared
def delegates_correct(_config: Config, reference: str, given: tuple[str, ...], reason: str) -> None:
    """Correct a delegate's details under the same code, as they asked for it."""
    changed = dict(_read_field(one) for one in given)
    with transaction() as session:
        plan = programme(session)
        delegate = delegates.delegate_with_reference(session, reference, hold=True)
        details, doubts = clean_details(amending.stored(delegate, plan) | changed)
        fields = amending.amend(session, delegate, details, plan, actor=ACTOR, reason=reason)
    for doubt in doubts:
        click.echo(doubt.sentence)
    click.echo(f"{delegate.reference}: {', '.join(fields) or 'nothing'} changed.")


def _read_field(given: str) -> tuple[str, str]:
    name, equals, value = given.partition("=")
    if not equals or name not in FIELDS:
        raise click.BadParameter(f"“{given}” is not FIELD=VALUE with one of {', '.join(FIELDS)}.")
    return name, value


@delegates_group.command(name="data")
@click.argument("reference")
@click.option("--reason", required=True, help="What it is for; it is kept, and they see it.")
@prepared
def delegates_data(_config: Config, reference: str, reason: str) -> None:
    """Everything that is stored about a delegate, as JSON for themselves; a badge's code is never in it."""
    with transaction() as session:
        delegate = delegates.delegate_with_reference(session, reference)
        audit.record(
            session,
            "data handed over",
            actor=ACTOR,
            now=clock.now(),
            subject=delegate.reference,
            reason=reason,
        )
    with reading() as session:
        text = as_file(own_data(session, delegates.delegate_with_reference(session, reference)))
    click.echo(text)


@delegates_group.command(name="seen")
@click.argument("reference")
@prepared
def delegates_seen(_config: Config, reference: str) -> None:
    """Who saw or exported a delegate's data, the latest first."""
    with transaction() as session:
        delegate = delegates.delegate_with_reference(session, reference)
        audit.record(session, "delegate opened", actor=ACTOR, now=clock.now(), subject=delegate.reference)
        who = audit.actors(session)
        for look in seen(session, delegate):
            whose = "alone" if look.alone else "of many"
            said = f": {look.purpose}" if look.purpose else ""
            click.echo(
                f"{look.at:%Y-%m-%d %H:%M:%SZ}  {who.get(look.actor, look.actor)}  {look.action} ({whose}){said}"
            )


def _change(
    reference: str, reason: str, change: Callable[..., bool], action: str, done: str, nothing: str
) -> None:
    now = clock.now()
    with transaction() as session:
        delegate = delegates.delegate_with_reference(session, reference, hold=True)
        changed = change(session, delegate, now=now)
        if changed:
            audit.record(session, action, actor=ACTOR, now=now, subject=delegate.reference, reason=reason)
    click.echo(f"{delegate.reference} {done if changed else nothing}.")


@delegates_group.command(name="duplicates")
@prepared
def delegates_duplicates(_config: Config) -> None:
    """List delegates who are likely one person; they are merged in the browser, at /organiser/duplicates."""
    found, now = duplicate_search.search(), clock.now()
    with transaction() as session:
        audit.record(session, "duplicates listed", actor=ACTOR, now=now, shown=len(found))
        named = duplicates.named(session, found)
    for pair in found:
        told = " | ".join(named.get(one, "") for one in (pair.first_id, pair.second_id))
        click.echo(f"{pair.score:3} {told} ({', '.join(pair.reasons)})")
    click.echo(f"{len(found)} pairs.", err=True)


@cli.group(name="badges")
def badges_group() -> None:
    """Badges: printed and issued anew."""


@badges_group.command(name="print")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The PDF to write."
)
@click.option("--reference", help="One delegate's.")
@click.option("--category")
@click.option("--country", help="By its two letters, three letters or English name.")
@click.option("--organisation")
@click.option("--delegation")
@click.option("--unprinted", is_flag=True, help="Only those never printed.")
@click.option("--changed", is_flag=True, help="Only those never printed, or changed since their print.")
@click.option(
    "--since", type=click.DateTime(), help="Only those issued or changed since then (event's time)."
)
@click.option("--sort", default="name", show_default=True, type=click.Choice(tuple(badges.SORTS)))
@click.option("--layout", default="a6", show_default=True, help="A folder of templates/badges.")
@click.option("--bleed", is_flag=True, help="With 3 mm of bleed and crop marks, as print shops ask for.")
@prepared
def badges_print(
    config: Config,
    out: Path,
    since: datetime | None,
    category: str | None,
    layout: str,
    bleed: bool,
    **wanted: Any,
) -> None:
    """Print live badges into one PDF; the run is kept as those of the browser are."""
    now = clock.now()
    with reading() as session:
        plan = programme(session)
        chosen = badges.PrintFilter(
            category_id=None if category is None else plan.category_named(category),
            since=None if since is None else since.replace(tzinfo=plan.zone).astimezone(UTC),
            **_exact(wanted),
        )
        rows = print_runs.matching(session, chosen)
    if not rows:
        raise Refusal("nothing_to_print", "No live badge matches: nothing was written.")
    printed = list(faces(rows, plan, key=config.key))
    for warning in _doubts_before_printing(printed, layout):
        click.echo(f"Warning: {warning}", err=True)
    with bar("Printing badges", len(rows)) as update:
        report = documents.write_badges(printed, out, layout=layout, bleed=bleed, on_page=update)
    words = _words_of(wanted, category=chosen.category_id)
    with transaction() as session:
        order = print_runs.Order(layout, bleed, batch_size=len(rows))
        print_runs.record_run(
            session, rows, order=order, words=words, lacking=report.missing_glyphs, actor=ACTOR, now=now
        )
        audit.record(session, "badges printed", actor=ACTOR, now=now, badges=len(rows), layout=layout)
    click.echo(f"{report.pages} {'badge is' if report.pages == 1 else 'badges are'} in {out}.")


def _doubts_before_printing(printed: Sequence[documents.BadgeFace], layout: str) -> Iterator[str]:
    """What had better be mended before the badges go to the print shop, a sentence each."""
    for reference, letters in documents.unprintable(printed).items():
        yield f"{reference} has letters that no installed font can print: {letters}"
    for reference in documents.short_names_wanted(printed, layout=layout):
        yield f"{reference} has a name too long for two lines; give its short form, or it is printed small."


def _words_of(wanted: dict[str, Any], *, category: int | None) -> dict[str, Any]:
    """What was asked for, as print runs keep it."""
    only = "changed" if wanted["changed"] else "unprinted" if wanted["unprinted"] else None
    words = {name: wanted[name] for name in ("reference", "country", "organisation", "delegation", "sort")}
    words |= {"category": None if category is None else str(category), "only": only}
    return {name: value for name, value in words.items() if value}


def _exact(wanted: dict[str, Any]) -> dict[str, Any]:
    if wanted["country"] is not None:
        code = country_code(wanted["country"])
        if code is None:
            raise Refusal("unknown_country", f"“{wanted['country']}” is no country: use MY, MYS or Malaysia.")
        wanted["country"] = code
    if wanted["reference"] is not None:
        wanted["reference"] = wanted["reference"].strip().upper()
    return wanted


@badges_group.command(name="runs")
@prepared
def badges_runs(_config: Config) -> None:
    """List the latest print runs."""
    with reading() as session:
        plan = programme(session)
        for run, progress in print_runs.runs(session, at_most=LATEST_RUNS):
            when = run.made_at.astimezone(plan.zone)
            click.echo(
                f"{run.id:>5}  {when:%Y-%m-%d %H:%M}  {run.state:<10}{progress.printed:>7} of {run.badges:>6}"
                f"  {run.layout:<14}{run.made_by}"
            )


@badges_group.command(name="fetch")
@click.argument("run_id", metavar="RUN", type=int)
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="A folder.")
@prepared
def badges_fetch(_config: Config, run_id: int, out: Path) -> None:
    """Write the files of a print run, and its list of boxes, into a folder; one that isn't done is waited for."""
    _wait_for_run(run_id)
    with reading() as session:
        plan, run = programme(session), print_runs.the_run(session, run_id)
        numbers = sorted(print_runs.kept_files(session, run_id))
        packed = list(print_runs.packing_list(session, run))
    if run.state == "done" and run.made_by == ACTOR:
        raise Refusal("no_files", f"Print run {run_id} was printed by this command into a file of its own.")
    if run.state != "done" or not numbers:
        raise Refusal("no_files", f"Print run {run_id} is {run.state} and has {len(numbers)} files here.")
    out.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        with reading() as session:
            content = print_runs.file_of(session, run_id, number)
        (out / f"{plan.code}-badges-{run_id}-{number:03d}.pdf").write_bytes(content)
    with (out / f"{plan.code}-boxes-{run_id}.csv").open("wb") as file:
        exports.write_csv(file, prints.packing_table(packed), on_row=lambda: None)
    with transaction() as session:
        now = clock.now()
        audit.record(
            session, "print run fetched", actor=ACTOR, now=now, subject=str(run_id), files=len(numbers)
        )
    click.echo(f"{len(numbers)} files and the list of boxes are in {out}.")


def _wait_for_run(run_id: int) -> None:
    with reading() as session:
        run = print_runs.the_run(session, run_id)
    if run.state not in print_runs.UNDER_WAY:
        return
    done = 0
    with bar("Printing badges", run.batches) as update:
        while run.state in print_runs.UNDER_WAY:
            with reading() as session:
                run = print_runs.the_run(session, run_id)
                files = print_runs.progress(session, run).files
            update(files - done)
            done = files
            time.sleep(LOOK_AGAIN)


@badges_group.command(name="test")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The PDF to write."
)
@prepared
def badges_test(_config: Config, out: Path) -> None:
    """Print TEST badges, to practise with before doors open: they open nothing and count nowhere."""
    with transaction() as session:
        plan = programme(session)
        audit.record(session, "TEST badges printed", actor=ACTOR, now=clock.now())
    out.write_bytes(practice_sheet(plan))
    click.echo(f"{len(test_badges.KINDS)} TEST badges are in {out}.")


@badges_group.command(name="blank")
@click.argument("count", metavar="N", type=int)
@click.option("--category", default="Delegate", show_default=True)
@click.option("--layout", default="a6", show_default=True, help="A folder of templates/badges.")
@click.option("--bleed", is_flag=True, help="With 3 mm of bleed and crop marks, as print shops ask for.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The PDF to write."
)
@prepared
def badges_blank(config: Config, count: int, category: str, layout: str, bleed: bool, out: Path) -> None:
    """Print N numbered blank badges, which open nothing until a supervisor releases them at /desk/blanks."""
    now = clock.now()
    known_layout(layout)
    with transaction() as session:
        plan = programme(session)
        category_id = plan.category_named(category)
        made = blanks.make(session, count, category_id=category_id, key=config.key, now=now)
        names = blanks.names_of(made[0].number, made[-1].number)
        order = print_runs.Order(layout, bleed, batch_size=count)
        # Stopped, until the file is there: in the browser it can be had go on.
        run = print_runs.make_blank_run(session, made, order=order, actor=ACTOR, now=now, state="cancelled")
        run_id = run.id
        audit.record(session, "blank badges made", actor=ACTOR, now=now, subject=names, run=run_id)
    with reading() as session:
        rows = print_runs.to_print(session, print_runs.the_run(session, run_id), 1)
        printed = list(faces(rows, plan, key=config.key))
    with bar("Printing badges", count) as update:
        report = documents.write_badges(printed, out, layout=layout, bleed=bleed, on_page=update)
    with transaction() as session:
        print_runs.record_blanks(
            session,
            print_runs.the_run(session, run_id, hold=True),
            printed=[row.Badge.id for row in rows],
            lacking=report.missing_glyphs,
            now=now,
        )
    click.echo(
        f"Blank badges {names} are in {out}. They open nothing until they are released at /desk/blanks."
    )


@badges_group.command(name="preview")
@click.option("--layout", default="a6", show_default=True, help="A folder of templates/badges.")
@click.option("--bleed", is_flag=True, help="With 3 mm of bleed and crop marks, as print shops ask for.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The PDF to write."
)
def badges_preview(layout: str, bleed: bool, out: Path) -> None:
    """Print badges of nobody, with names that are hard to fit, to see how a layout looks."""
    out.write_bytes(badge_samples.badge_preview(layout, bleed=bleed))
    click.echo(f"{len(badge_samples.SAMPLES)} badges of nobody are in {out}.")


@badges_group.command(name="reissue")
@click.argument("reference")
@click.option("--reason", required=True, help="Why; it is kept.")
@prepared
def badges_reissue(config: Config, reference: str, reason: str) -> None:
    """Give a delegate a new badge, mail it, and end the old one for ever."""
    now = clock.now()
    with transaction() as session:
        delegate = delegates.delegate_with_reference(session, reference)
        mailing.reissue_and_mail(session, delegate, reason=reason, key=config.key, now=now)
        audit.record(
            session, "badge reissued", actor=ACTOR, now=now, subject=delegate.reference, reason=reason
        )
    sent = "it goes out by mail" if delegate.email else "there is no e-mail address, so print it"
    click.echo(f"{delegate.reference} has a new badge: {sent}. The old one is refused from now on.")


# --- exports --------------------------------------------------------------------------------------------------


@cli.command(name="export")
@click.argument("kind", type=click.Choice(export_choices.KINDS))
@click.option("--format", "form", required=True, type=click.Choice([*exports.FORMATS, "pdf"]))
@click.option("--out", required=True, help="The file to write; - is standard output.")
@click.option("--report", help="The filters and columns of a named report; other options go before them.")
@click.option("--columns", help="Some of the columns, by their names in the file, with commas between.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--category")
@click.option("--country", help="Its code, such as MY.")
@click.option("--delegation")
@click.option("--organisation")
@click.option("--status", type=click.Choice([*STATUSES]))
@click.option("--door")
@click.option("--area", help="The main area unless given.")
@click.option("--language", type=click.Choice([*export_choices.LANGUAGES]), help="Of the figures.")
@click.option("--purpose", default="", help="What it is for; it is kept.")
@prepared
def export(
    _config: Config,
    kind: str,
    form: str,
    out: str,
    report: str | None,
    columns: str | None,
    purpose: str,
    **asked: Any,
) -> None:
    """Write attendance, delegates, scans, arrivals or printed badges as CSV or XLSX, or the figures as a PDF."""
    with force_locale("en"):
        with transaction() as session:
            plan = programme(session)
            base = exporting.report_named(session, report).choice if report else Choice(kind)
            choice = _choice(kind, base, plan, columns=columns, purpose=purpose, asked=asked)
            export_choices.refuse_unknown(choice, form, plan)
            people = delegates.count(session)
            files.record_order(session, choice, form, report=report or "", actor=ACTOR, now=clock.now())
        rows = files.Counted()
        try:
            with reading() as session, _output(out) as file, _counting(kind, people, rows) as on_row:
                files.write(file, session, choice, form, plan, on_row=on_row, now=clock.now())
        finally:
            # Also of what broke off: its first rows may have been read by then.
            with transaction() as session:
                files.record(
                    session,
                    choice,
                    form,
                    plan,
                    rows=rows.rows,
                    report=report or "",
                    actor=ACTOR,
                    now=clock.now(),
                )


@contextmanager
def _counting(kind: str, people: int, rows: files.Counted) -> Iterator[Callable[[], None]]:
    """What counts the rows of an export, and shows how far it is."""

    def on_row() -> None:
        rows()
        update(1)

    with bar(f"Exporting {kind}", people if kind in {"attendance", "delegates"} else None) as update:
        yield on_row


def _choice(
    kind: str, base: Choice, plan: Programme, *, columns: str | None, purpose: str, asked: dict[str, Any]
) -> Choice:
    """What the options ask for, as the page's form would; raises Refusal for what isn't there."""
    if base.kind != kind:
        raise Refusal("other_report", f"This report is one of {base.kind}.")
    given = {name: value for name, value in asked.items() if value is not None}
    wrong = [name for name in given if name not in export_choices.NARROWED[kind]]
    if wrong:
        known = ", ".join(f"--{name}" for name in export_choices.NARROWED[kind])
        raise Refusal("unknown_filter", f"{kind} can't be narrowed by --{wrong[0]}, but by {known}.")
    wanted = [name.strip() for name in columns.split(",")] if columns else base.columns
    offered = export_choices.columns(kind)
    if set(wanted) - set(offered):
        unknown = min(set(wanted) - set(offered))
        raise Refusal(
            "unknown_column", f"There is no column “{unknown}”. The columns are: {', '.join(offered)}."
        )
    return Choice(
        kind,
        {**base.filters, **{name: _as_sent(name, value, plan) for name, value in given.items()}},
        [column for column in offered if column in (wanted or exports.USUAL.get(kind, ()))],
        purpose or base.purpose,
    )


def _as_sent(name: str, value: Any, plan: Programme) -> str:
    """A filter of the command line as the page's form sends it; raises NotFound or Refusal for none there is."""
    if name == "day":
        if value.date() not in {known.date for known in plan.days}:
            days = ", ".join(str(known.date) for known in plan.days)
            raise Refusal("unknown_day", f"{value.date()} is no day of the event. The days are: {days}.")
        return str(value.date())
    if name == "country":
        code = country_code(value)
        if code is None:
            raise Refusal(
                "unknown_country", f"There is no country “{value}”: give its code or name (MY, Malaysia)."
            )
        return code
    found = {"area": plan.area_named, "category": plan.category_named}
    if name in found:
        return str(found[name](value))
    return str(plan.door_named(value).id) if name == "door" else str(value)


@contextmanager
def _output(out: str) -> Iterator[IO[bytes]]:
    """A file that appears whole or not at all, or standard output."""
    if out == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(out)
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@cli.command(name="closing-pack")
@click.option("--out", required=True, help="The ZIP file to write; - is standard output.")
@click.option("--purpose", default="", help="What it is for; it is kept.")
@prepared
def closing_pack_command(_config: Config, out: str, purpose: str) -> None:
    """Write the closing pack for the ministry: the figures as published, corrections, method and hashes."""
    now = clock.now()
    with transaction() as session:
        plan = programme(session)
        state = closing_pack.order(session, actor=ACTOR, purpose=purpose, now=now, plan=plan)
    with _output(out) as file:
        closing_pack.write(file, state, plan, now=now)


# --- what a phone saved as a file ------------------------------------------------------------------------------


@cli.group(name="scans")
def scans_group() -> None:
    """What phones have scanned."""


@scans_group.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@prepared
def scans_import(_config: Config, file: Path) -> None:
    """Take in the scans that a phone, which can't get online again, has saved as a file.

    They are judged as that phone's, or held where it is revoked. The same file again adds nothing.
    """
    if file.stat().st_size > queue_files.MOST_BYTES:
        raise Refusal("queue_file_too_big", "This file is bigger than 5 MB: no phone's queue is.")
    queue = queue_files.read_queue_file(file.read_bytes())
    with bar("Importing scans", len(queue.scans)) as update:
        done = queues.import_queue(queue, actor=ACTOR, now=clock.now(), on_scans=update)
    for one in done.malformed:
        click.echo(f"scan {one.number}: {one.field} {WRONG[one.wrong]}".replace(":  ", ": "))
    by_verdict = ", ".join(f"{verdict} {count}" for verdict, count in sorted(done.verdicts.items()))
    click.echo(
        f"{queue.device or 'The phone'}: {done.new} new{f' ({by_verdict})' if by_verdict else ''}, "
        f"known before {done.known}, malformed {len(done.malformed)}, undone {done.voids}, "
        f"not undone {done.aside}."
    )


# --- doors and staff ------------------------------------------------------------------------------------------


@cli.group(name="door")
def door_group() -> None:
    """The doors' phones."""


@door_group.command(name="pair")
@click.argument("door")
@click.option("--desk", is_flag=True, help="A help desk's device, which may search.")
@click.option("--protocol", is_flag=True, help="A protocol officer's phone, which is told of VIPs.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for other programs.")
@prepared
def door_pair(config: Config, door: str, desk: bool, protocol: bool, as_json: bool) -> None:
    """Invite a phone to a door; the code works once, for ten minutes."""
    if desk and protocol:
        raise click.UsageError("A phone is a desk device or a protocol phone, not both.")
    kind = "desk" if desk else "protocol" if protocol else "door"
    now = clock.now()
    with transaction() as session:
        place = programme(session).door_named(door)
        pairing, code = doors.offer_pairing(session, place.id, kind=kind, now=now)
        audit.record(session, "pairing offered", actor=ACTOR, now=now, subject=place.name, kind=kind)
    url = f"{config.base_url.rstrip('/')}/door/pair/{quote(code)}"
    if as_json:
        expires = pairing.expires_at.isoformat().replace("+00:00", "Z")
        click.echo(json.dumps({"code": code, "url": url, "expires_at": expires}))
        return
    click.echo(qr.terminal_text(url))
    click.echo(f"{place.name}: open {url} on the phone within ten minutes.")


@cli.group(name="staff")
def staff_group() -> None:
    """The people who run the event."""


@staff_group.command(name="add")
@click.argument("email")
@click.option("--role", required=True, type=click.Choice(staff.ROLES))
@click.option("--area", default="", help="The one area of a supervisor who shan't have all.")
@prepared
def staff_add(config: Config, email: str, role: str, area: str) -> None:
    """Add somebody to the staff, and print the address by which they set up their sign-in."""
    if area and role != "supervisor":
        raise click.UsageError("Only a supervisor has an area.")
    now = clock.now()
    with transaction() as session:
        area_id = programme(session).area_named(area) if area else None
        member = staff.add_staff(
            session, _address(email), role=role, uniquifier=new_id().hex, now=now, area_id=area_id
        )
        token = staff.invite(session, member, now=now)
        audit.record(session, "staff added", actor=ACTOR, now=now, role=role)
    click.echo(f"{config.base_url.rstrip('/')}/invitation/{token}")
    click.echo(f"This address works once, for 24 hours: give it to the new {role} alone.", err=True)


def _address(email: str) -> str:
    address = email_address(email)
    if address is None:
        raise Refusal("bad_email", f"“{email}” is no e-mail address: write it as name@example.org.")
    return address


# --- the end --------------------------------------------------------------------------------------------------


@cli.command()
@click.option("--dry-run", is_flag=True, help="Say what would go, change nothing.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@prepared
def purge(_config: Config, dry_run: bool, yes: bool) -> None:
    """Erase every delegate's personal data, from the day on that the event's file names as erase_on.

    Attendance figures by day, country and category stay, and so does the audit log.
    """
    with reading() as session:
        event, plan, toll = the_event(session), programme(session), erasing.toll(session)
    click.echo(_what_goes(event.erase_on, toll))
    if dry_run or not toll.delegates:
        return
    erasing.refuse_early_purge(event, today=clock.now().astimezone(plan.zone).date())
    if not yes and not sys.stdin.isatty():
        raise Refusal("not_agreed", "This can't be undone. Add --yes to say that it is meant.")
    if not yes:
        click.confirm("This can't be undone. Erase it now?", err=True, abort=True)
    click.echo(f"{_purge_all(toll.delegates)} delegates are erased. Delete the backups of before, too.")


def _what_goes(erase_on: date | None, toll: erasing.Toll) -> str:
    since = f" from {erase_on} on" if erase_on else ""
    return (
        f"To be erased{since}: {toll.delegates} delegates, with {toll.badges} live badges, {toll.links} links, "
        f"{toll.letters} waiting letters, {toll.reasons} reasons in the audit log and {toll.notes} notes of helpers. "
        f"{toll.attendance} attendances stay, by day, country and category."
    )


def _purge_all(people: int) -> int:
    done, some = 0, 1
    with bar("Erasing", people) as update:
        while some:
            with transaction() as session:
                some = erasing.purge_some(session, actor=ACTOR, now=clock.now())
            update(some)
            done += some
    wipe_free_space()
    return done


# --- the audit log --------------------------------------------------------------------------------------------


@cli.group(name="audit")
def audit_group() -> None:
    """Who did what."""


@audit_group.command(name="verify")
@click.option(
    "--kept", multiple=True, metavar="NUMBER:DIGEST", help="An end of the log that was noted before."
)
@prepared
def audit_verify(config: Config, kept: tuple[str, ...]) -> None:
    """Prove that no act was changed or taken out, and print the log's end.

    Note that end elsewhere, and give it the next time: without it nobody can tell that the latest acts are missing.
    """
    for one in kept:
        if not AUDIT_END.fullmatch(one):
            raise Refusal("no_end", f"“{one}” is no end of a log: give it as it was printed, NUMBER:DIGEST.")
    with reading() as session:
        found = audit.proof(session, key=config.key.audit_key, kept=kept)
    if not found.holds:
        raise click.ClickException(f"The audit log is not whole. {doctor.audit_fault(found)}")
    click.echo(f"The audit log is whole: {found.acts} acts.", err=True)
    if found.end is not None:
        click.echo(found.end)


# --- backups --------------------------------------------------------------------------------------------------


@cli.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@prepared
def backup(config: Config, folder: Path) -> None:
    """Write the whole state into a new file of a folder, while everything goes on.

    The file holds everybody's personal data, readable for this account alone; it does not hold CHECKIN_BADGE_KEY,
    without which no badge of it can be printed again.
    """
    path = restoring.back_up(config, folder, actor=ACTOR, now=clock.now(), bar=bar)
    click.echo(path)


@cli.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--yes", is_flag=True, help="Don't ask.")
def restore(file: Path, yes: bool) -> None:
    """Put a backup in the place of the present state, which is backed up first; servers may go on running.

    All or nothing. It begins a new epoch: phones then offer every scan again that they have made.
    """
    config = Config.from_env()
    restoring.looked_through(config, file)
    with application(config).app_context():
        outcome = restoring.restore(
            config,
            file,
            actor=ACTOR,
            application=application,
            agreed=lambda about, replaced: _agree(about, replaced, yes=yes),
            bar=bar,
        )
    click.echo(_restored(outcome))


def _agree(about: About, replaced: Standing | None, *, yes: bool) -> None:
    if replaced is None or yes:
        return
    question = (
        f"The database holds {replaced.event}, with {replaced.delegates} delegates and {replaced.scans} scans "
        f"that are newer than this backup of {about.made_at:%d %B %Y %H:%M} UTC. Put the backup in its place?"
    )
    if not sys.stdin.isatty():
        raise Refusal("not_agreed", f"{question} Add --yes to say so.")
    click.confirm(question, err=True, abort=True)


def _restored(outcome: restoring.Restored) -> str:
    about, old = outcome.about, outcome.replaced
    lines = [f"{about.event} is as it was at {about.made_at:%d %B %Y %H:%M:%S} UTC, in a new epoch."]
    lines += ["Running servers show it already. Phones offer all of their scans again by themselves."]
    if old is not None:
        lines += [
            f"What was there before is kept in {outcome.kept}. Newer than the backup and no longer here are:",
            f"  {old.delegates} delegates (register them again; their badges are unknown now),",
            f"  {old.phones} phones (pair them again; they keep their scans and send them then),",
            f"  {old.scans} scans (the phones bring them back), {old.letters} letters that went out,",
            "  and every change to badges, staff and set-up, such as a badge reissued or a registration cancelled.",
            "Phones that were revoked stay revoked.",
        ]
    if outcome.letters:
        lines += [f"{outcome.letters} letters waited then and go out now, perhaps for the second time."]
    return "\n".join(lines)


def main() -> None:
    """The console script: exit status 0 only on success, errors as one clear line on standard error."""
    try:
        cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        _fail("Stopped.")
    except Refusal as refusal:
        _fail(str(refusal))
    except BrokenPipeError:
        sys.exit(1)
    except SQLAlchemyError as error:
        _fail(f"The database refused ({type(error).__name__}): run `checkin doctor`.")
    except OSError as error:
        _fail(f"{error.filename or 'A file'}: {error.strerror}.")


def _fail(sentence: str) -> None:
    click.echo(f"Error: {sentence}", err=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
