"""MovieLens is read from a wheel, and only from the published one."""

import hashlib
import subprocess
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ml_service.adapters.datasets import movielens
from ml_service.domain import Item
from ml_service.errors import Internal

ITEMS = """item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq
1\tToy Story\t1995\tAnimation Children's Comedy
12\tUsual Suspects, The\t1995\tCrime Thriller
267\tunkonwn\tunkonwn\tunknown
303\tUlee's "Gold"\t1997\tDrama
1412\tLand Before Time III (1995)\tV\tAnimation
543\tMisérables, Les\t1995\tDrama Musical
612\tHate (Haine, La)\t1995\tDrama
"""
INTERACTIONS = """user_id:token\titem_id:token\trating:float\ttimestamp:float
196\t12\t3\t881250949
"""


@pytest.fixture
def cache_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder with a small wheel whose hash counts as the published one."""
    wheel = tmp_path / movielens.WHEEL
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"{movielens.FOLDER}.item", ITEMS)
        archive.writestr(f"{movielens.FOLDER}.inter", INTERACTIONS)
    monkeypatch.setattr(movielens, "SHA256", hashlib.sha256(wheel.read_bytes()).hexdigest())
    return tmp_path


def test_titles_have_their_article_first_and_years_and_genres_are_split_off(cache_dir: Path) -> None:
    assert movielens.fetch(cache_dir).items == (
        Item("1", "Toy Story", 1995, ("Animation", "Children's", "Comedy")),
        Item("12", "The Usual Suspects", 1995, ("Crime", "Thriller")),
        Item("267", "Unknown", None, ()),
        Item("303", 'Ulee\'s "Gold"', 1997, ("Drama",)),
        Item("1412", "Land Before Time III", 1995, ("Animation",)),
        Item("543", "Les Misérables", 1995, ("Drama", "Musical")),
        Item("612", "Hate (Haine, La)", 1995, ("Drama",)),
    )


def test_interactions_have_their_time_and_a_stable_id(cache_dir: Path) -> None:
    (first,), (again,) = movielens.fetch(cache_dir).interactions, movielens.fetch(cache_dir).interactions

    assert (first.user_id, first.item_id, first.rating) == ("196", "12", 3.0)
    assert first.occurred_at == datetime(1997, 12, 4, 15, 55, 49, tzinfo=UTC)
    assert first == again


def test_a_damaged_file_is_downloaded_again_and_not_read(cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = cache_dir / movielens.WHEEL
    intact = wheel.read_bytes()
    wheel.write_bytes(intact[:-1])
    monkeypatch.setattr(movielens, "_download", lambda _: wheel.write_bytes(intact))

    assert len(movielens.fetch(cache_dir).items) == 7


def test_a_file_that_is_not_the_published_one_is_rejected(cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = cache_dir / movielens.WHEEL
    wheel.unlink()
    monkeypatch.setattr(movielens, "_download", lambda _: wheel.write_bytes(b"something else"))

    with pytest.raises(Internal, match="isn't the file that was published"):
        movielens.fetch(cache_dir)


def test_a_failed_download_reports_the_error_of_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(command: list[str], **_: object) -> None:
        raise subprocess.CalledProcessError(1, command, stderr="ERROR: no network\n")

    monkeypatch.setattr(subprocess, "run", fail)

    with pytest.raises(Internal, match=r"pip can't download recbole==1\.2\.1.*no network"):
        movielens.fetch(tmp_path)
