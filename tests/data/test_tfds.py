import http.server
import socket
import sys
import threading

import numpy as np
import pytest

from kerasgen import data
from kerasgen.data import tfds

probe = tfds.probe  # before `bare_machine` replaces it


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """Sets as TFDS prepares them: image i has the label i and i in its upper right."""
    import tensorflow_datasets

    core, features = tensorflow_datasets.core, tensorflow_datasets.features
    folder = tmp_path_factory.mktemp("prepared")

    class Tiny(core.GeneratorBasedBuilder, skip_registration=True):
        VERSION = core.Version("1.10.0")

        def _info(self):
            image = features.Image(shape=(4, 4, 1))
            label = features.ClassLabel(num_classes=37)
            return core.DatasetInfo(
                builder=self,
                features=features.FeaturesDict({"image": image, "label": label}),
            )

        def _split_generators(self, dl_manager):
            return {
                "train": self._generate_examples(20),
                "extra": self._generate_examples(5),
            }

        def _generate_examples(self, count):
            for i in range(count):
                image = np.zeros((4, 4, 1), np.uint8)
                image[0, 3] = i
                yield i, {"image": image, "label": i}

    class Ragged(Tiny, skip_registration=True):
        def _info(self):
            image = features.Image(shape=(None, None, 1))
            return core.DatasetInfo(
                builder=self, features=features.FeaturesDict({"image": image})
            )

        def _generate_examples(self, count):
            yield 0, {"image": np.zeros((4, 4, 1), np.uint8)}

    for builder in (Tiny, Ragged):
        builder(data_dir=str(folder)).download_and_prepare()
    (folder / "emnist").mkdir()
    (folder / "emnist" / "letters").symlink_to(folder / "tiny")
    return folder


def test_prepared_set(prepared, bare_machine):
    found = data.fetch("tiny", data_dir=prepared)
    assert found.images.shape == (20, 4, 4, 1) and found.images.dtype == np.uint8
    assert found.labels.dtype == np.int32 and found.num_classes == 37
    assert sorted(found.labels) == list(range(20))
    np.testing.assert_array_equal(found.images[:, 0, 3, 0], found.labels)
    assert found.source == f"TFDS tiny:1.10.0 prepared in {prepared}"
    assert not bare_machine.hosts


def test_slices_are_slices_of_the_whole(prepared):
    whole = data.fetch("tiny", data_dir=prepared).labels
    for text, rows in (("[:25%]", slice(0, 5)), ("[-3:]", slice(17, 20))):
        part = data.fetch("tiny", f"train{text}", data_dir=prepared)
        np.testing.assert_array_equal(part.labels, whole[rows])


def test_splits_are_the_set_s_own(prepared):
    assert len(data.fetch("tiny", "extra", data_dir=prepared).images) == 5
    with pytest.raises(ValueError, match=r"no split 'test'.*extra"):
        data.fetch("tiny", "test", data_dir=prepared)


@pytest.mark.parametrize("variable", ["TFDS_DATA_DIR", "KERASGEN_DATA_DIR"])
def test_folder_from_environment(prepared, monkeypatch, variable):
    monkeypatch.setenv(variable, str(prepared))
    assert len(data.fetch("tiny").images) == 20


def test_emnist_comes_upright(prepared):
    found = data.fetch("emnist/letters", data_dir=prepared)
    np.testing.assert_array_equal(found.images[:, 3, 0, 0], found.labels)


def test_other_features_are_refused(prepared):
    with pytest.raises(ValueError, match="Expected an 'image' of one fixed size"):
        data.fetch("ragged", data_dir=prepared)


def test_newest_version_is_taken(tmp_path):
    for version in ("1.9.0", "1.10.0", "incomplete.2.0.0"):
        folder = tmp_path / "tiny" / version
        folder.mkdir(parents=True)
        (folder / "dataset_info.json").touch()
    (tmp_path / "tiny" / "3.0.0").mkdir()
    assert tfds.find(tmp_path, "tiny").name == "1.10.0"
    assert tfds.find(tmp_path, "other") is None


def test_damaged_records(prepared, tmp_path):
    version = tmp_path / "tiny" / "1.10.0"
    version.mkdir(parents=True)
    for path in (prepared / "tiny" / "1.10.0").iterdir():
        content = path.read_bytes()
        cut = len(content) // 2 if "tfrecord" in path.name else len(content)
        (version / path.name).write_bytes(content[:cut])
    with pytest.raises(ValueError, match="cannot be read; delete that folder"):
        data.fetch("tiny", data_dir=tmp_path)


def test_prepared_but_tfds_absent(prepared, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(ImportError, match="pip install tensorflow-datasets"):
        data.fetch("tiny", data_dir=prepared)


def test_download(tmp_path, monkeypatch, bare_machine):
    """A download that TFDS does from a server that answers."""
    import tensorflow_datasets

    prepare = tensorflow_datasets.testing.DummyMnist.download_and_prepare
    monkeypatch.setattr(
        tensorflow_datasets,
        "builder",
        lambda name, data_dir: tensorflow_datasets.testing.DummyMnist(
            data_dir=data_dir
        ),
    )
    with pytest.raises(RuntimeError, match="the network is dead"):
        data.fetch("kmnist")
    monkeypatch.setattr(tfds, "probe", bare_machine.hosts.append)
    found = data.fetch("kmnist", "train[:7]")
    assert found.images.shape == (7, 28, 28, 1)
    assert "TFDS download kmnist:3.0.1" in found.source

    def broken(self):
        raise AssertionError("checksum differs")

    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setattr(
        tensorflow_datasets.testing.DummyMnist, "download_and_prepare", broken
    )
    with pytest.raises(RuntimeError, match="could not prepare kmnist: checksum"):
        data.fetch("kmnist")
    assert prepare is not broken


def test_real_mnist(real_tfds_folder):
    found = data.fetch("mnist", "test", data_dir=real_tfds_folder)
    assert found.images.shape == (10000, 28, 28, 1) and found.num_classes == 10
    counts = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    np.testing.assert_array_equal(np.bincount(found.labels), counts)
    assert found.images.mean() == pytest.approx(33.7912, abs=1e-3)


class TestProbe:
    @pytest.fixture(autouse=True)
    def no_proxy(self, monkeypatch):
        monkeypatch.setenv("no_proxy", "*")

    def test_any_answer_will_do(self):
        class Refuse(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_error(403)

            def log_message(self, *args):
                pass

        with http.server.HTTPServer(("127.0.0.1", 0), Refuse) as server:
            thread = threading.Thread(target=server.handle_request)
            thread.start()
            probe(f"http://127.0.0.1:{server.server_port}/file.gz?version=1")
            thread.join()

    def test_server_that_never_answers(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            url = f"http://127.0.0.1:{server.getsockname()[1]}/file.gz"
            with pytest.raises(ConnectionError, match="cannot be reached"):
                probe(url, seconds=0.2)

    def test_name_that_takes_forever(self, monkeypatch):
        hang = threading.Event()
        monkeypatch.setattr(
            "urllib.request.urlopen", lambda *args, **kwargs: hang.wait()
        )
        with pytest.raises(ConnectionError, match=r"no answer within 0.05 s"):
            probe("https://example.org", seconds=0.05)
        hang.set()

    def test_nobody_there(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        with pytest.raises(ConnectionError, match="refused"):
            probe(f"http://127.0.0.1:{port}")
