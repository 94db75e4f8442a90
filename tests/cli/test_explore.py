"""The page of `kerasgen explore` answers; without Gradio the command says so."""

import sys

import numpy as np
import pytest
from PIL import Image

from kerasgen import study
from kerasgen.cli import explorer_page


def test_without_gradio_the_command_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "gradio", None)
    with pytest.raises(ImportError, match=r"kerasgen\[explore\]"):
        explorer_page.build({})


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_page_starts_and_draws(idx_folder):
    pytest.importorskip("gradio")
    import gradio_client

    names = "cvae_mnist", "dcgan_mnist_conditional"
    models = {name: study.load_model(name) for name in names}
    page = explorer_page.build(models, "mnist", str(idx_folder))
    _, address, _ = page.launch(
        prevent_thread_lock=True, quiet=True, inbrowser=False, server_name="127.0.0.1"
    )
    try:
        client = gradio_client.Client(address, verbose=False)
        pictures = [
            np.asarray(Image.open(client.predict(seed, fn_index=0)))
            for seed in (0, 0, 1)
        ]
        assert pictures[0].std() > 50
        np.testing.assert_array_equal(pictures[0], pictures[1])
        assert np.any(pictures[0] != pictures[2])
    finally:
        page.close()


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
