import re

import numpy as np
import pytest

from kerasgen.study.report import figures
from kerasgen.study.report import pictures
from kerasgen.study.report import provenance
from tests.study import fake_study


def line(figure, label):
    lines = figure.axes[0].lines
    return next(each for each in lines if each.get_label() == label)


def runs_with(columns, **changes):
    return [
        fake_study.make_run("dcgan", seed, losses={"generator_loss": column}, **changes)
        for seed, column in enumerate(columns)
    ]


def test_a_loss_is_drawn_as_its_mean_with_a_band_from_least_to_largest():
    runs = runs_with([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]], epochs=3)
    figure = figures.losses("DCGAN", runs)
    drawn = line(figure, "generator loss")
    assert list(drawn.get_xdata()) == [1, 2, 3]
    assert list(drawn.get_ydata()) == [2.0, 2.0, 2.0]
    band = figure.axes[0].collections[0].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == (1.0, 3.0)


def test_a_shorter_run_counts_as_far_as_it_goes_and_nan_not_at_all():
    runs = runs_with([[1.0, 1.0, float("nan"), 1.0]], epochs=4)
    runs += runs_with([[5.0, 3.0, 9.0, 9.0]], epochs=4, complete=False)
    figure = figures.losses("DCGAN", runs)
    drawn = line(figure, "generator loss").get_ydata()
    np.testing.assert_array_equal(drawn, [3.0, 2.0, np.nan, 1.0])


def test_one_seed_has_no_band():
    figure = figures.losses("DCGAN", runs_with([[1.0, 2.0]], epochs=2))
    assert not figure.axes[0].collections


def test_curves_have_places_of_their_own_and_bands_over_seeds():
    lines = {"one": ([0, 1], [[2.0, 4.0]]), "two": ([5, 7, 9], [[1, 1, 1], [3, 3, 5]])}
    labels = {"title": "t", "x_label": "x", "y_label": "y"}
    figure = figures.curves(lines, **labels, ticks=[1, 5])
    assert list(line(figure, "one").get_xdata()) == [0, 1]
    assert list(line(figure, "two").get_ydata()) == [2.0, 2.0, 3.0]
    assert figure.legends
    (band,) = figure.axes[0].collections  # one seed has none
    assert band.get_paths()[0].vertices[:, 1].max() == 5.0
    assert figure.axes[0].get_xscale() == "log"
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["1", "5"]
    assert figures.curves(lines, **labels).axes[0].get_xscale() == "linear"


@pytest.mark.parametrize("over", ["epochs", "seconds"])
def test_quality_is_drawn_over_epochs_and_over_seconds(over):
    runs = [
        fake_study.make_run(seed=seed, epochs=2, fids=fids, seconds=seconds)
        for seed, (fids, seconds) in enumerate(
            [([100.0, 10.0, 4.0], [5.0, 1.0]), ([300.0, 30.0, None], [7.0, 1.0])]
        )
    ]
    study = fake_study.make_study(runs=runs)
    styles, progress = figures.looks(study.models), provenance.progress(study)
    figure = figures.quality(progress, over=over, styles=styles, real=0.5)
    drawn = line(figure, "DCGAN")
    places = {"epochs": [0, 1, 2], "seconds": [0.0, 6.0, 6.0]}[over]
    assert list(drawn.get_xdata()) == places
    assert list(drawn.get_ydata()) == [200.0, 20.0, 4.0]
    assert figure.axes[0].lines[-1].get_ydata()[0] == 0.5
    assert figure.axes[0].get_yscale() == "log"


def test_no_evaluation_gives_no_chart():
    run = fake_study.make_run(epochs=2, fids=[None, None, None])
    assert not len(provenance.progress(fake_study.make_study(runs=[run])))


def test_a_model_keeps_its_colour_whichever_others_there_are():
    alone = figures.looks(fake_study.make_study(["cvae"]).models)
    among = figures.looks(fake_study.make_study().models)
    assert alone["CVAE"] == among["CVAE"]
    assert len({look["color"] for look in among.values()}) == 5
    assert len({str(look["linestyle"]) for look in among.values()}) == 5


def test_variants_of_one_model_differ_in_colour():
    runs = [
        fake_study.make_run(settings={"ablation": "width", "variant": variant})
        for variant in ("", "width=8", "width=64")
    ]
    looks = figures.looks({run.title: [run] for run in runs})
    assert len({look["color"] for look in looks.values()}) == 3


def test_codes_that_are_not_finite_are_left_out():
    generator = np.random.default_rng(0)
    codes = generator.normal(size=(50, 4))
    codes[:10] = np.nan
    arrays = {"codes": codes, "labels": np.arange(50) % 5}
    scatter = figures.codes("CVAE", arrays).axes[0].collections[0]
    assert len(scatter.get_offsets()) == 40
    assert figures.codes("CVAE", {**arrays, "codes": codes * np.nan}) is None


def test_a_drawing_takes_the_colour_of_the_page_and_shares_no_name(tmp_path):
    run = fake_study.make_run()
    drawings = [
        figures.save(figures.losses("DCGAN", [run]), tmp_path, name)
        for name in ("first", "second")
    ]
    for drawing in drawings:
        assert drawing.startswith("<svg")
        assert "currentColor" in drawing
        assert figures.INK not in drawing
    names = [set(re.findall(r' id="(.*?)"', drawing)) for drawing in drawings]
    assert names[0]
    assert not names[0] & names[1]
    for drawing, own in zip(drawings, names, strict=True):
        assert set(re.findall(r"url\(#(.*?)\)", drawing)) <= own
    file = (tmp_path / "second.svg").read_text()
    assert file.startswith("<?xml") and 'style="background: white"' in file


def test_neighbours_stand_beneath_their_sample():
    images = np.random.default_rng(0).integers(0, 255, (10, 6, 8, 8, 1), np.uint8)
    arrays = {"samples": images[:, 0], "neighbours": images[:, 1:]}
    drawn = pictures.neighbours(arrays)
    scale = 640 // 80
    left = 2 + 3 * (8 * scale + 2)
    column = drawn[:, left : left + 8 * scale : scale, 0]
    for index in range(6):
        top = 2 + index * (8 * scale + 2) + (index > 0) * (2 + pictures.GAP)
        found = column[top : top + 8 * scale : scale]
        np.testing.assert_array_equal(found, images[3, index, ..., 0])


def test_grids_take_colour_images():
    images = np.random.default_rng(0).integers(0, 255, (23, 8, 8, 3), np.uint8)
    assert pictures.grid({"images": images}).shape[2] == 3
    assert pictures.strips([images, images[:4]]).shape == (22, 42, 3)
    ways = images[:20].reshape(2, 10, 8, 8, 3)
    np.testing.assert_array_equal(
        pictures.grid({"images": ways}), pictures.grid({"images": images[:20]})
    )


def test_each_player_has_a_colour_that_no_model_has():
    from kerasgen.callbacks import loss_curves

    roles = {*loss_curves.COLORS.values(), loss_curves.OTHER_COLOR}
    assert not roles & set(figures.PALETTE)
    drawn = figures.losses("DCGAN", [fake_study.make_run()])
    assert len(drawn.axes) == 2
