import pytest


@pytest.fixture(autouse=True)
def nothing_is_written(tmp_path_factory, monkeypatch):
    """Runs each test in an empty folder, with an empty cache, that must stay so."""
    here = tmp_path_factory.mktemp("here")
    monkeypatch.chdir(here)
    monkeypatch.setenv("XDG_CACHE_HOME", str(here / "cache"))
    monkeypatch.setenv("TFDS_DATA_DIR", str(here / "tfds"))
    monkeypatch.delenv("KERASGEN_DATA_DIR", raising=False)
    yield
    assert not list(here.iterdir())
