"""Lists and files that are wrong: one clear line, nothing lost, nothing half done."""

import csv
import shutil
from pathlib import Path

import pytest

from tests.journeys.commands import SHARED, ShellHere

EVENT = Path(__file__).with_name("event.toml")


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """SQLite alone: what is refused here never reaches the database."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'checkin.db')}"


@pytest.fixture
def shell(database_url: str) -> ShellHere:
    shell = ShellHere(database_url)
    shell("event", "set", EVENT)
    return shell


def written(path: Path, text: str, *, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding)
    return path


def test_refused_names_are_listed_with_their_lines_and_nobody_is_added(shell: ShellHere) -> None:
    done = shell.run("delegates", "import", SHARED / "names-refused.csv")

    rejected = [line.split(":")[0] for line in done.stdout.splitlines() if ": rejected: name:" in line]
    assert rejected == [f"line {number}" for number in (2, 3, 5, 6, 7, 8, 9)]
    assert done.stderr.strip().startswith("Error: 7 of 8 rows are rejected, so nothing was imported.")
    assert shell("export", "delegates", "--format", "csv", "--out", "-").count("\n") == 1


def test_the_good_rows_alone_are_imported_when_asked(shell: ShellHere) -> None:
    assert "Added 1," in shell("delegates", "import", "--partial", SHARED / "names-refused.csv")


def test_lists_of_excel_and_of_old_encodings_are_read(shell: ShellHere, tmp_path: Path) -> None:
    semicolons = written(
        tmp_path / "excel.csv", "\ufeffNama;Negara;E-mel\nZoë Ångström;Sweden;zoe@example.org\n"
    )
    windows = written(tmp_path / "windows.csv", "Name,Country\nJosé Núñez,Spain\n", encoding="cp1252")

    assert "Added 1," in shell("delegates", "import", semicolons)
    assert "Added 1," in shell("delegates", "import", windows)
    names = shell("export", "delegates", "--format", "csv", "--out", "-")
    assert "Zoë Ångström" in names
    assert "José Núñez" in names


def test_a_list_that_is_none_is_refused_in_one_line(shell: ShellHere, tmp_path: Path) -> None:
    (tmp_path / "noise.csv").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "broken.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    lists = {
        "noise.csv": None,
        "broken.xlsx": None,
        "empty.csv": "",
        "nameless.csv": "Organisation,Country\nMDEC,Malaysia\n",
    }
    for name, text in lists.items():
        if text is not None:
            written(tmp_path / name, text)

    assert all(shell.refuses("delegates", "import", tmp_path / name) for name in lists)
    assert "missing.csv" in shell.refuses("delegates", "import", tmp_path / "missing.csv")


@pytest.mark.drill
def test_a_hundred_thousand_rows_are_taken_once(shell: ShellHere, tmp_path: Path) -> None:
    with (tmp_path / "big.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["Name", "Organisation", "Country", "Email"])
        rows.writerows(
            [f"Person {n}", f"Organisation {n % 997}", "MY", f"p{n}@example.org"] for n in range(100_000)
        )

    assert "Would add 100000," in shell("delegates", "import", "--dry-run", tmp_path / "big.csv")


def test_an_event_file_that_is_wrong_says_where(shell: ShellHere, tmp_path: Path) -> None:
    good = EVENT.read_text(encoding="utf-8")
    wrong = {
        "not TOML": "name = ",
        "nowhere": good.replace("Asia/Kuala_Lumpur", "Asia/Nowhere"),
        "areas": good.replace('area = "Conference Hall"', 'area = "Attic"'),
        "main": good.replace("main = true", "main = false"),
        "colour": good.replace("#1B4F72", "bluish"),
        "surprise": good + "\n[surprise]\n",
        "another": good.replace("SCEKL25", "OTHER26"),
    }

    for name, text in wrong.items():
        assert shell.refuses("event", "set", written(tmp_path / f"{name}.toml", text))


def test_what_does_not_exist_is_named_with_what_does(shell: ShellHere, tmp_path: Path) -> None:
    asked = {
        ("door", "pair", "Gate Z"): "Gate A",
        ("delegates", "cancel", "KL-99999", "--reason", "x"): "KL-99999",
        ("badges", "reissue", "KL-99999", "--reason", "x"): "KL-99999",
        ("badges", "print", "--category", "King", "--out", str(tmp_path / "x.pdf")): "Delegate",
        ("badges", "print", "--country", "Atlantis", "--out", str(tmp_path / "x.pdf")): "Malaysia",
        ("badges", "print", "--out", str(tmp_path / "x.pdf")): "No live badge",
        ("export", "attendance", "--format", "csv", "--out", "-", "--day", "2024-01-01"): "2025-09-17",
        ("export", "attendance", "--format", "csv", "--out", "-", "--area", "Attic"): "Expo",
        ("staff", "add", "nobody", "--role", "desk"): "nobody",
    }

    for words, named in asked.items():
        assert named in shell.refuses(*words)


def test_production_refuses_to_start_with_missing_or_default_keys(database_url: str) -> None:
    shell = ShellHere(database_url)
    unsafe = [
        {"CHECKIN_BASE_URL": "https://expo.example.org"},
        {"CHECKIN_BASE_URL": "http://expo.example.org", "CHECKIN_SECRET_KEY": "s" * 48},
        {
            "CHECKIN_BASE_URL": "https://expo.example.org",
            "CHECKIN_SECRET_KEY": "s" * 48,
            "CHECKIN_BADGE_KEY": "0" * 64,
        },
        {"CHECKIN_SECRET_KEY": "short"},
        {"CHECKIN_BADGE_KEY": "not hexadecimal"},
        {"CHECKIN_DATABASE_URL": "mysql://root@localhost/x"},
    ]

    for settings in unsafe:
        shell.environment = ShellHere(database_url).environment | settings
        assert "CHECKIN_" in shell.refuses("serve", "--port", "1")
    shell.environment = ShellHere(database_url).environment
    assert "CHECKIN_SECRET_KEY" in shell.refuses("serve", "--host", "0.0.0.0", "--port", "1")
