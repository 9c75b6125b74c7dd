"""The sheet of TEST badges, to be cut out and scanned before doors open; it owns no table."""

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from checkin.adapters import pdf, qr
from checkin.config import ROOT
from checkin.domain import test_badges
from checkin.domain.programme import Programme

FOLDER = ROOT / "templates" / "paper"
# What the phone says of each, in both languages: the sheet lies on a table for everybody.
WORDS = {
    "admitted": ("WELCOME", "SILA MASUK"),
    "returned": ("WELCOME BACK", "SELAMAT KEMBALI"),
    "repeat": ("ALREADY IN, CHECK NAME", "SUDAH MASUK, SEMAK NAMA"),
    "refused": ("PLEASE WAIT", "SILA TUNGGU"),
}


def practice_sheet(programme: Programme) -> bytes:
    """An A4 page with a TEST badge for each verdict that helpers should have seen before doors open."""
    environment = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined)
    codes = test_badges.codes(programme)
    html = environment.get_template("practice.html").render(
        title=f"{programme.name} · TEST",
        event=programme.name,
        badges=[{"kind": kind, "words": WORDS[kind], "code": f"given:code/{kind}"} for kind in codes],
    )
    images = {f"given:code/{kind}": qr.badge_png(code) for kind, code in codes.items()}
    return pdf.render(html, stylesheet=(FOLDER / "practice.css").read_text("utf-8"), images=images)
