import json
import math

import matplotlib
import numpy as np
import pytest
from PIL import Image

from kerasgen.callbacks import LossHistory
from kerasgen.callbacks import draw_losses
from kerasgen.callbacks import read_history
from kerasgen.callbacks.history_file import write_history
from kerasgen.callbacks.loss_curves import choose_panels


def losses(*values):
    return [{"generator_loss": float(value)} for value in values]


def both(directory):
    """Reads both files, which must always say the same."""
    history = read_history(directory / "history.csv")
    assert str(history) == str(read_history(directory / "history.json"))
    return history


def test_fit_writes_one_row_per_epoch(tmp_path, gan, fit):
    fit(gan, [LossHistory(tmp_path)], epochs=3)
    history = both(tmp_path)
    columns = ["epoch", "seconds", "generator_loss", "discriminator_loss"]
    assert sorted(history) == sorted(columns)
    assert list(history)[:2] == columns[:2]
    assert history["epoch"] == [1, 2, 3]
    assert history["discriminator_loss"] == [1.0, 2.0, 3.0]
    np.testing.assert_allclose(history["generator_loss"], [1, 1 / 2, 1 / 3], rtol=1e-6)
    assert all(0 < seconds < 60 for seconds in history["seconds"])
    with Image.open(tmp_path / "losses.png") as picture:
        assert picture.size == (1188, 517)


def test_rows_are_on_disk_after_every_epoch(tmp_path, gan):
    callback = LossHistory(tmp_path, plot_every=2)
    callback.set_model(gan)
    callback.on_train_begin()
    for epoch in range(3):
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, {"loss": 0.1})
        assert both(tmp_path)["epoch"] == list(range(1, epoch + 2))
        assert (tmp_path / "losses.png").exists() == (epoch >= 1)


def test_values_keep_all_their_digits(tmp_path, gan, epoch_logs):
    epoch_logs(LossHistory(tmp_path), gan, losses(math.pi, np.float32(1 / 3)))
    assert both(tmp_path)["generator_loss"] == [math.pi, float(np.float32(1 / 3))]


def test_resuming_before_the_last_row_gives_no_doubles(tmp_path, gan, epoch_logs):
    # Killed after row 7 was written, resumed from a checkpoint of epoch 6.
    logs = losses(1, 2, 3, 4, 5, 6, 7)
    epoch_logs(LossHistory(tmp_path), gan, logs, to_the_end=False)
    epoch_logs(LossHistory(tmp_path), gan, losses(70, 80), initial_epoch=6)
    history = both(tmp_path)
    assert history["epoch"] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert history["generator_loss"] == [1, 2, 3, 4, 5, 6, 70, 80]


def test_later_rows_are_gone_from_disk_when_the_first_epoch_begins(
    tmp_path, gan, epoch_logs
):
    epoch_logs(LossHistory(tmp_path), gan, losses(1, 2, 3))
    callback = LossHistory(tmp_path)
    callback.set_model(gan)
    callback.on_train_begin()
    callback.on_epoch_begin(2)
    assert both(tmp_path)["epoch"] == [1, 2]


def test_one_callback_in_two_fits(tmp_path, gan, fit):
    callback = LossHistory(tmp_path)
    fit(gan, [callback], epochs=2)
    fit(gan, [callback], epochs=4, initial_epoch=2)
    assert both(tmp_path)["discriminator_loss"] == [1, 2, 3, 4]
    fit(gan, [callback], epochs=1)
    assert both(tmp_path)["discriminator_loss"] == [5]


def test_rows_that_are_missing_are_reported(tmp_path, gan, epoch_logs, caplog):
    epoch_logs(LossHistory(tmp_path), gan, losses(1, 2))
    epoch_logs(LossHistory(tmp_path), gan, losses(5), initial_epoch=4)
    assert both(tmp_path)["epoch"] == [1, 2, 5]
    assert "no rows for the epochs [3, 4]" in caplog.text


def test_columns_that_come_later_do_not_shift_rows(tmp_path, gan, epoch_logs):
    logs = [{"loss": 1.0}, {"val_loss": 9.0, "loss": 2.0}, {"loss": 3.0}]
    epoch_logs(LossHistory(tmp_path), gan, logs)
    epoch_logs(LossHistory(tmp_path), gan, [{"kl_divergence": 7.0}], initial_epoch=3)
    history = both(tmp_path)
    assert history["loss"] == [1.0, 2.0, 3.0, None]
    assert history["val_loss"] == [None, 9.0, None, None]
    assert history["kl_divergence"] == [None, None, None, 7.0]


def test_nan_and_infinity_come_back_and_json_stays_valid(tmp_path, gan, epoch_logs):
    special = [math.nan, math.inf, -math.inf]
    epoch_logs(LossHistory(tmp_path), gan, losses(*special))
    epoch_logs(LossHistory(tmp_path), gan, losses(1), initial_epoch=3)
    np.testing.assert_array_equal(both(tmp_path)["generator_loss"], [*special, 1.0])

    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    text = (tmp_path / "history.json").read_text()
    values = json.loads(text, parse_constant=refuse)["generator_loss"]
    assert values == ["NaN", "Infinity", "-Infinity", 1.0]


@pytest.mark.parametrize("cut", [1, 3, 12, 30])
def test_a_cut_off_last_line_is_repaired(tmp_path, gan, epoch_logs, caplog, cut):
    epoch_logs(LossHistory(tmp_path), gan, losses(1.5, 2.5, 3.123456789))
    path = tmp_path / "history.csv"
    path.write_bytes(path.read_bytes()[:-cut])
    assert read_history(path)["epoch"] == [1, 2]
    assert "history.csv ends with an incomplete line" in caplog.text
    # The JSON file still has the row: nothing is lost to the run that resumes.
    epoch_logs(LossHistory(tmp_path), gan, losses(4.5), initial_epoch=3)
    assert both(tmp_path)["generator_loss"] == [1.5, 2.5, 3.123456789, 4.5]


def test_a_last_line_with_too_few_fields_is_left_out(tmp_path, caplog):
    path = tmp_path / "history.csv"
    path.write_text("epoch,seconds,loss\n1,2.0,3.0\n2,2\n")
    assert read_history(path) == {"epoch": [1], "seconds": [2.0], "loss": [3.0]}
    assert "incomplete line" in caplog.text


def test_files_without_rows(tmp_path, caplog):
    path = tmp_path / "history.csv"
    path.write_text("epoch,seconds,loss\n")
    assert read_history(path) == {"epoch": [], "seconds": [], "loss": []}
    path.write_text("")
    assert read_history(path) == {}
    assert caplog.text == ""
    path.write_text("epoch,sec")
    assert read_history(path) == {}
    assert "incomplete line" in caplog.text


def test_either_file_alone_is_enough_to_resume(tmp_path, gan, epoch_logs, caplog):
    for damaged in ("history.csv", "history.json"):
        epoch_logs(LossHistory(tmp_path), gan, losses(1, 2))
        (tmp_path / damaged).write_text("epoch\nx\ny\n")
        epoch_logs(LossHistory(tmp_path), gan, losses(3), initial_epoch=2)
        assert both(tmp_path)["generator_loss"] == [1, 2, 3]
        assert f"{damaged}' is not a" in caplog.text


def test_two_damaged_files_stop_a_resume_but_not_a_fresh_start(
    tmp_path, gan, epoch_logs
):
    (tmp_path / "history.csv").write_text("epoch,loss\n1,oops\n2,3.0\n")
    (tmp_path / "history.json").write_text("{")
    with pytest.raises(ValueError, match=r"Line 2 of .*history\.csv.*Repair or remove"):
        epoch_logs(LossHistory(tmp_path), gan, losses(3), initial_epoch=2)
    epoch_logs(LossHistory(tmp_path), gan, losses(1))
    assert both(tmp_path)["epoch"] == [1]


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"loss": [1]}', '{"epoch": [1], "loss": []}', '{"epoch": 1}']
)
def test_json_that_is_no_history_is_refused(tmp_path, text):
    (tmp_path / "history.json").write_text(text)
    with pytest.raises(ValueError, match=r"is not a history.*history\.csv beside it"):
        read_history(tmp_path / "history.json")


def test_read_history_wants_csv_or_json(tmp_path):
    with pytest.raises(ValueError, match=r"history\.txt'; expected a \.csv or \.json"):
        read_history(tmp_path / "history.txt")
    with pytest.raises(FileNotFoundError, match=r"history\.csv"):
        read_history(tmp_path / "history.csv")


def test_write_history_is_the_inverse_of_read_history(tmp_path):
    columns = {"epoch": [1, 2], "a,b": [None, math.inf], "loss": [1e-300, -0.1]}
    for name in ("history.csv", "history.json"):
        write_history(tmp_path / name, columns)
        assert read_history(tmp_path / name) == columns


def test_plot_every_must_be_positive(tmp_path):
    with pytest.raises(ValueError, match="=0; expected an integer"):
        LossHistory(tmp_path, plot_every=0)


def test_a_model_without_logs_gets_rows_and_no_picture(tmp_path, gan, epoch_logs):
    epoch_logs(LossHistory(tmp_path), gan, [{}, {}])
    assert both(tmp_path)["epoch"] == [1, 2]
    assert not (tmp_path / "losses.png").exists()
    with pytest.raises(ValueError, match="nothing to draw"):
        draw_losses(both(tmp_path))


def test_panels_follow_the_keys():
    assert choose_panels(dict.fromkeys(["generator_loss", "discriminator_loss"])) == {
        "Generator loss": ["generator_loss"],
        "Discriminator loss": ["discriminator_loss"],
    }
    adversarial_vae = [
        *("epoch", "seconds", "loss", "reconstruction_loss", "kl_divergence"),
        *("adversarial_loss", "discriminator_loss", "val_loss", "val_fid"),
    ]
    assert choose_panels(dict.fromkeys(adversarial_vae)) == {
        "Total and reconstruction loss": ["loss", "reconstruction_loss"],
        "KL divergence": ["kl_divergence"],
        "Adversarial loss": ["adversarial_loss"],
        "Discriminator loss": ["discriminator_loss"],
        "Fid": ["fid"],
    }


def test_curves_show_the_numbers_with_validation_dashed():
    history = {
        "epoch": [1, 2, 3, 4],
        "loss": [4.0, 3.0, math.nan, 1.0],
        "val_loss": [None, 3.5, None, 2.5],
        "kl_divergence": [1.0, 2.0, 3.0, 3.0],
    }
    total, divergence = draw_losses(history, "CVAE").axes
    training, validation = total.get_lines()[:2]
    assert training.get_linestyle() == "-" and validation.get_linestyle() == "--"
    np.testing.assert_array_equal(training.get_ydata(), [4.0, 3.0, math.nan, 1.0])
    np.testing.assert_array_equal(validation.get_xdata(), [2, 4])
    np.testing.assert_array_equal(validation.get_ydata(), [3.5, 2.5])
    assert total.get_ylabel() == divergence.get_ylabel() == "nats per image"
    assert total.get_xlabel() == "epoch"
    assert "not finite: 1" in [text.get_text() for text in total.texts]
    labels = [text.get_text() for text in total.get_legend().get_texts()]
    assert labels == ["loss", "loss (validation)"]


def test_a_spike_is_marked_and_does_not_flatten_the_rest():
    values = [3.0 * 0.9**epoch for epoch in range(100)]
    values[50] = 80.0
    (axes,) = draw_losses({"epoch": range(1, 101), "critic_loss": values}).axes
    assert 3.0 < axes.get_ylim()[1] < 6.0
    (note,) = (text.get_text() for text in axes.texts)
    assert note == "off scale: 1, farthest 80"
    marked = [line.get_xdata().tolist() for line in axes.get_lines()[1:]]
    assert marked == [[51]]


def test_all_values_nan_still_draws():
    (axes,) = draw_losses({"epoch": [1], "generator_loss": [math.nan]}).axes
    assert axes.texts[0].get_text() == "not finite: 1"


def test_no_legend_label_or_title_overlaps_a_panel(tmp_path):
    keys = ["generator_loss", "discriminator_loss", "loss", "reconstruction_loss"]
    keys += ["kl_divergence", "gradient_penalty", "fid_10k_test"]
    history = {"epoch": list(range(1, 31))}
    for index, key in enumerate(keys):
        history[key] = history[f"val_{key}"] = [1e3 * index + e for e in range(30)]
    figure = draw_losses(history, "AdversarialVAE: losses")
    figure.savefig(tmp_path / "a.png")
    boxes = [axes.get_tightbbox() for axes in figure.axes]
    boxes.append(figure._suptitle.get_window_extent())
    for index, box in enumerate(boxes):
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.width
        assert not any(box.overlaps(other) for other in boxes[index + 1 :])


def test_the_users_matplotlib_backend_is_left_alone(tmp_path, gan, epoch_logs):
    before = matplotlib.rcParams._get("backend")
    epoch_logs(LossHistory(tmp_path), gan, losses(1))
    assert matplotlib.rcParams._get("backend") == before
