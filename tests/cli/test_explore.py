"""The page of `kerasgen explore` answers; without Gradio the command says so."""

import contextlib
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from kerasgen import study
from kerasgen.cli import explore
from kerasgen.cli import explorer_page


def test_without_gradio_the_command_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "gradio", None)
    with pytest.raises(ImportError, match=r'install -e ".\[explore\]"'):
        explorer_page.build({})


CLIENT = """
import sys
import gradio_client
client = gradio_client.Client(sys.argv[1], verbose=False)
print(*(client.predict(seed, fn_index=0) for seed in (0, 0, 1)), sep="\\n")
"""


@pytest.mark.slow
def test_the_command_serves_a_page_that_draws(tmp_path):
    pytest.importorskip("gradio")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    line = ["explore", "cvae_mnist", "dcgan_mnist_conditional", "--nobrowser"]
    command = [sys.executable, "-m", "kerasgen", *line, f"--port={port}"]
    served = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL)
    try:
        for _ in range(120):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port)).close()
                break
            time.sleep(0.5)
        # Of its own process: clients leave sockets behind.
        done = subprocess.run(
            [sys.executable, "-c", CLIENT, f"http://127.0.0.1:{port}"],
            capture_output=True,
            text=True,
        )
    finally:
        served.kill()
        served.wait()
    assert done.returncode == 0, done.stderr[-2000:]
    first, again, other = (np.asarray(Image.open(path)) for path in done.stdout.split())
    assert first.std() > 50
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other)


def test_a_drawing_is_set_beside_its_reconstruction(idx_folder, digits):
    model = study.load_model("cvae_mnist")
    near = explorer_page.nearest_finder("mnist", str(idx_folder), model.image_shape)
    digit = digits[0][5, ..., 0]
    drawn = np.zeros((28, 28, 4), np.uint8)
    drawn[..., 3] = digit  # black ink, as thick as the digit is bright
    picture = explorer_page.reconstructed(model, lambda: near, {"composite": drawn})
    tiles = picture[2:-2, :, 0].reshape(56, -1)
    first, _, nearest = (tiles[:, 2 + 58 * k :][:, :56] for k in range(3))
    np.testing.assert_array_equal(first, nearest)  # it is a training image itself
    np.testing.assert_array_equal(first[::2, ::2], digit)


def test_models_of_equal_titles_are_told_apart_by_their_paths():
    runs = [f"runs/{study}/cvae/seed0/model.keras" for study in ("mnist", "kmnist")]
    assert explore.titles([*runs, "dcgan_mnist"]) == [*runs, "dcgan_mnist"]
    assert explore.titles([runs[0], "dcgan_mnist"]) == ["cvae/seed0", "dcgan_mnist"]
