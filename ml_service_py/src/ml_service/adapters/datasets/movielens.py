"""Reads MovieLens 100K from the wheel of recbole, which contains it. Unpacks and installs nothing.

Source: GroupLens, University of Minnesota (F. M. Harper and J. A. Konstan, The MovieLens Datasets: History and Context, 2015).
Its terms: research use with this acknowledgement; no redistribution without permission, no commercial use without permission.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import subprocess
import sys
import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from ml_service.adapters.datasets.csv_cells import genres_of
from ml_service.adapters.sql.imported_rows import imported_id
from ml_service.domain import Dataset, Interaction, Item
from ml_service.errors import Internal

if TYPE_CHECKING:
    from collections.abc import Iterator

log = structlog.get_logger()

REQUIREMENT = "recbole==1.2.1"
WHEEL = "recbole-1.2.1-py3-none-any.whl"
SHA256 = "9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407"
FOLDER = "recbole/dataset_example/ml-100k/ml-100k"
DOWNLOAD_SECONDS = 120
#: The title of the unknown film, misspelt as in the files.
UNKNOWN = "unkonwn"
#: One title has "(V)", for video, in the year's column and the year in the title.
YEAR_IN_TITLE = re.compile(r"^(?P<title>.+) \((?P<year>\d{4})\)$")
#: "Usual Suspects, The" becomes "The Usual Suspects".
ARTICLE_BEHIND = re.compile(r"^(?P<name>[^(]+), (?P<article>The|An?|La|Les?|Il|Das|Der)(?P<rest> \(.*)?$")


def fetch(cache_dir: Path) -> Dataset:
    """Return the data set from the wheel in `cache_dir`. Download the wheel first if it is missing or damaged.

    Raises Internal (UPSTREAM_FAILED) if the download fails or gives another file than the published one.
    """
    wheel = cache_dir / WHEEL
    if not _is_intact(wheel):
        wheel.unlink(missing_ok=True)
        _download(cache_dir)
    if not _is_intact(wheel):
        detail = f"{wheel} isn't the file that was published: its SHA-256 must be {SHA256}. Delete it, then try again."
        raise Internal("UPSTREAM_FAILED", detail, sha256=SHA256)
    return _read(wheel)


def _is_intact(wheel: Path) -> bool:
    return wheel.is_file() and hashlib.sha256(wheel.read_bytes()).hexdigest() == SHA256


def _download(cache_dir: Path) -> None:
    """Let pip download the wheel from its configured index and check the hash."""
    cache_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder) / "requirements.txt"
        requirements.write_text(f"{REQUIREMENT} --hash=sha256:{SHA256}\n", encoding="utf-8")
        options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--require-hashes"]
        command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(cache_dir), "--requirement", str(requirements)]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS)  # noqa: S603  # no part is input
        except subprocess.TimeoutExpired as error:
            raise Internal("UPSTREAM_FAILED", f"MovieLens 100K didn't arrive within {DOWNLOAD_SECONDS} s. Try again.") from error
        except subprocess.CalledProcessError as error:
            # pip's last line is a summary. The lines before it hold the cause.
            said = error.stderr.strip().splitlines() or ["nothing"]
            log.warning("pip failed", said=said)
            detail = f"pip can't download {REQUIREMENT}, which holds MovieLens 100K ({said[-1]}). See the log above, then try again."
            raise Internal("UPSTREAM_FAILED", detail) from error


def _read(wheel: Path) -> Dataset:
    with zipfile.ZipFile(wheel) as archive:
        items = tuple(_item(*row) for row in _rows(archive, "item"))
        interactions = tuple(_interaction(*row) for row in _rows(archive, "inter"))
    return Dataset(items, interactions)


def _rows(archive: zipfile.ZipFile, extension: str) -> Iterator[list[str]]:
    with archive.open(f"{FOLDER}.{extension}") as binary:
        rows = csv.reader(io.TextIOWrapper(binary, encoding="utf-8", newline=""), delimiter="\t", quoting=csv.QUOTE_NONE)
        next(rows)
        yield from rows


def _item(item_id: str, title: str, year: str, genres: str) -> Item:
    if misplaced := YEAR_IN_TITLE.match(title):
        title, year = misplaced["title"], misplaced["year"]
    shown = "Unknown" if title == UNKNOWN else ARTICLE_BEHIND.sub(r"\g<article> \g<name>\g<rest>", title)
    return Item(item_id, shown, int(year) if year.isdecimal() else None, genres_of(genres.split()))


def _interaction(user_id: str, item_id: str, rating: str, timestamp: str) -> Interaction:
    occurred_at = datetime.fromtimestamp(int(timestamp), UTC)
    return Interaction(imported_id(user_id, item_id, occurred_at), user_id, item_id, float(rating), occurred_at)
