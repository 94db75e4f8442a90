import csv
import dataclasses
import doctest
import html
import html.parser
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import kerasgen
from kerasgen.metrics import specifications
from kerasgen.study import claims
from kerasgen.study import lock
from kerasgen.study import report
from kerasgen.study.records import load_study
from kerasgen.study.report import bibliography
from kerasgen.study.report import conditions
from kerasgen.study.report import formatting
from kerasgen.study.report import overview
from kerasgen.study.report import tables
from kerasgen.study.settings import MODELS
from tests.study import fake_study

ROOT = pathlib.Path(kerasgen.__file__).resolve().parents[1]
VOID = {"meta", "img", "br", "wbr"}


class Page(html.parser.HTMLParser):
    """What a page is made of; fails where tags are not closed in order."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.words = [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    def all(self, *names):
        return [attributes for tag, attributes in self.tags if tag in names]

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def write(study, directory):
    return report.write_report(fake_study.write_study(study, directory))


def read_rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Five models, three seeds, nothing missing."""
    directory = tmp_path_factory.mktemp("studies") / "mnist"
    path = write(fake_study.make_study(), directory)
    return load_study(directory), path, Page(path.read_text())


def test_the_page_needs_nothing_beside_it(whole):
    _, path, page = whole
    assert path.name == "report.html"
    assert not page.all("script", "link", "iframe", "object")
    assert "@import" not in path.read_text()
    sources = [image["src"] for image in page.all("img")]
    assert len(sources) > 15
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    links = {link["href"] for link in page.all("a")}
    outward = [link for link in links if not link.startswith("#")]
    assert all(link.startswith("https://arxiv.org/abs/") for link in outward)
    assert path.stat().st_size < 8e6


def test_the_page_can_be_read_without_seeing_it(whole):
    _, _, page = whole
    assert page.all("html")[0]["lang"] == "en"
    assert "width=device-width" in page.all("meta")[1]["content"]
    assert all(image["alt"] for image in page.all("img"))
    assert all(drawing["aria-label"] for drawing in page.all("svg"))
    assert len(page.all("main")) == len(page.all("h1")) == 1
    names = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(names) == len(set(names))
    inward = {link["href"][1:] for link in page.all("a") if link["href"][0] == "#"}
    assert inward <= set(names)


def test_the_verdicts_come_first_and_are_those_of_the_judge(whole):
    study, path, page = whole
    judged = claims.judge(study)
    told = page.text[: page.text.index("Figure 5.")]
    for verdict in judged:
        statement = re.escape(verdict.claim.statement)
        sign = {"supported": "✓", "refuted": "✗", "undecided": r"\?"}[verdict.verdict]
        assert re.search(f"{sign} {verdict.verdict} {statement}", told)
    assert {verdict.verdict for verdict in judged} > {"supported"}
    for left_out in claims.NOT_TESTED:
        assert left_out.statement in told
        assert left_out.reason in told
    written = json.loads((path.parent / "claims.json").read_text())
    assert written["claims"] == [verdict.to_dict() for verdict in judged]


def test_a_verdict_says_how_large_the_effect_is(whole):
    study, _, page = whole
    part = claims.judge(study)[0].parts[0]
    low, high = (
        formatting.number(value)
        for value in (part.comparison.low, part.comparison.high)
    )
    difference = formatting.number(part.comparison.difference)
    assert f"difference +{difference} (95 % interval [{low}, {high}]" in page.text


@pytest.mark.parametrize("number", range(5, 15))
def test_the_figures_of_the_paper_are_there_once(whole, number):
    _, path, page = whole
    model = ("VanillaGAN", "DCGAN", "WGAN", "CVAE", "AdversarialVAE")
    model = (*model, *model)[number - 5]
    assert page.text.count(f"Figure {number}. {model}:") == 1
    assert (path.parent / "report.md").read_text().count(f"*Figure {number}. ") == 1


def test_a_whole_study_is_not_called_partial(whole):
    _, path, page = whole
    assert "partial" not in page.text
    assert "partial" not in (path.parent / "report.md").read_text()
    assert "All 15 runs are complete." in page.text


def test_markdown_shows_the_files_that_are_there(whole):
    _, path, _ = whole
    text = (path.parent / "report.md").read_text()
    shown = re.findall(r"\]\((figures/.*?)\)", text)
    assert len(shown) > 20
    for name in shown:
        assert (path.parent / name).stat().st_size > 500
        assert (path.parent / name).suffix == ".png"
    rows = [line for line in text.splitlines() if line.startswith("|")]
    widths = [len(re.findall(r"(?<!\\)\|", row)) for row in rows]
    for row, width, above, below in zip(
        rows[1:], widths[1:], widths, [*widths[2:], 0], strict=False
    ):
        if set(row) == {"|", "-"}:
            assert above == width == below


def test_means_and_deviations_are_those_of_the_seeds(whole):
    study, path, page = whole
    name = "fid_mnist_v1_10k_test"
    fids = [run.evaluation[name] for run in study.models["WGAN"]]
    mean, deviation = np.mean(fids), np.std(fids, ddof=1)
    assert f"{mean:.3g} ± {deviation:.2g}"[:4] in page.text
    row = next(
        row
        for row in read_rows(path.parent / "summary.csv")
        if (row["model"], row["metric"]) == ("WGAN", name)
    )
    assert (row["n"], float(row["real_images"])) == ("3", 0.4)
    assert float(row["mean"]) == pytest.approx(mean)
    assert float(row["standard_deviation"]) == pytest.approx(deviation)
    assert float(row["median"]) == np.median(fids)
    assert float(row["minimum"]) == min(fids)


def test_every_run_has_a_row_with_all_its_numbers(whole):
    study, path, _ = whole
    rows = read_rows(path.parent / "runs.csv")
    assert len(rows) == 15
    for run, row in zip(study.runs, rows, strict=True):
        assert (row["title"], int(row["seed"])) == (run.title, run.seed)
        assert (row["status"], row["epochs"]) == ("complete", "8")
        seconds = np.median(run.history["seconds"])
        assert float(row["seconds_per_epoch"]) == pytest.approx(seconds)
        for name in tables.numbers_of(run.evaluation):
            value = run.evaluation[name]
            assert row[name] == ("" if value is None else str(value))


def test_every_number_of_a_record_is_in_a_table(whole):
    study, _, page = whole
    names = tables.metric_names(study)
    shown = [name for name in names if specifications.describe(name).group]
    assert len(shown) >= 30
    spaceless = page.text.replace(" ", "")
    assert all(name in spaceless for name in shown)
    assert "other" not in {specifications.describe(name).group for name in names}


def test_equal_studies_give_equal_reports(tmp_path):
    path = write(fake_study.make_study(["cvae"], [0]), tmp_path)
    names = ("report.html", "report.md", "runs.csv", "summary.csv", "claims.json")
    before = [(tmp_path / name).read_bytes() for name in names]
    report.write_report(path.parent)
    assert [(tmp_path / name).read_bytes() for name in names] == before


def column(study, name):
    table = tables.metric_table(study, [name], "")
    return {row[0].text: row[1] for row in table.rows}, table


def fixed_study(name, values):
    runs = [
        fake_study.make_run(model, seed, **{name: value})
        for model, row in zip(("dcgan", "wgan", "cvae"), values, strict=True)
        for seed, value in enumerate(row)
    ]
    return fake_study.make_study(runs=runs)


@pytest.mark.parametrize(
    ("name", "best"),
    [
        ("fid_mnist_v1_10k_test", "DCGAN"),  # the lower the better
        ("classifier_score_mnist_v1_10k", "CVAE"),  # the higher the better
        ("mid_grey_share_pixels_10k", "WGAN"),  # best near real images: 0.11
    ],
)
def test_the_best_is_marked_by_the_direction_of_the_number(name, best):
    study = fixed_study(name, [[0.01, 0.02], [0.13, 0.13], [0.5, 0.7]])
    cells, _ = column(study, name)
    assert [title for title, cell in cells.items() if cell.best] == [best]


def test_nothing_is_best_where_no_direction_exists_or_real_images_are_missing():
    cells, _ = column(fake_study.make_study(), "active_units_test10k")
    assert not any(cell.best for cell in cells.values())
    study = fake_study.make_study()
    study.real["final"] = None
    cells, _ = column(study, "mid_grey_share_pixels_10k")
    assert not any(cell.best for cell in cells.values())
    assert tables.REAL_IMAGES not in cells


def test_nothing_is_best_where_all_are_equal():
    name = "fid_mnist_v1_10k_test"
    cells, _ = column(fixed_study(name, [[1.0], [1.0], [1.0]]), name)
    assert not any(cell.best for cell in cells.values())
    cells, _ = column(fixed_study(name, [[1.0], [1.0], [2.0]]), name)
    assert [t for t, cell in cells.items() if cell.best] == ["DCGAN", "WGAN"]


def test_shares_are_percent_and_cells_say_how_many_seeds_they_rest_on():
    name = "precision_k5_mnist_v1_10k_test"
    study = fixed_study(name, [[0.5, 0.7, 0.6], [0.8, 0.8, None], [0.9, 0.9, "NaN"]])
    table = tables.metric_table(study, [name, "fid_mnist_v1_10k_test"], "")
    dcgan, wgan, cvae, real = table.rows
    assert dcgan[1].text.replace("\N{NO-BREAK SPACE}", " ") == "60.0 ± 10 %"
    assert "median 60.0\N{NO-BREAK SPACE}%" in dcgan[1].small
    assert dcgan[0].small == ("3 seeds",)
    assert "n = 2" in wgan[1].small
    assert "n = 2" in cvae[1].small
    assert real[1].text == "95.0\N{NO-BREAK SPACE}%"


def test_models_without_an_encoder_are_named_below_its_table():
    name = "silhouette_test10k"
    cells, table = column(fake_study.make_study(), name)
    assert list(cells) == ["CVAE", "AdversarialVAE", tables.PIXELS]
    assert table.notes == ("No numbers of VanillaGAN, DCGAN and WGAN.",)


def test_a_partial_study_says_what_is_missing(tmp_path):
    runs = [fake_study.make_run(model) for model in ("vanilla_gan", "wgan", "cvae")]
    runs += [
        fake_study.make_run("dcgan", 1, failure="divergence", events=["divergence"]),
        fake_study.make_run("wgan", 1, failure="killed"),
        fake_study.make_run("cvae", 1, complete=False),
        fake_study.make_run("cvae", 2, epochs=20),
    ]
    study = fake_study.make_study(runs=runs, missing=[("dcgan", 0)])
    fake_study.write_study(study, tmp_path)
    (tmp_path / "real.json").unlink()
    (tmp_path / "wgan/seed0/evaluation.json").write_text("{")
    page = Page(report.write_report(tmp_path).read_text())
    banner = page.text[page.text.index("⚠ This report is partial") :]
    banner = banner[: banner.index("Samples")]
    for said in (
        "DCGAN seed 0 has no record here.",
        "VanillaGAN lacks seed 1, which other models have.",
        "DCGAN seed 1 diverged after 4 of 8 epochs: It ended by divergence",
        "WGAN seed 1 failed after 4 of 8 epochs: It ended by killed",
        "CVAE seed 1 is incomplete: 4 of 8 epochs are done.",
        "WGAN seed 0 is trained but was not judged.",
        "CVAE seed 2 is left aside: epochs 20, not 8.",
        "AdversarialVAE is not in this study.",
        "Real images were not judged",
        "evaluation.json cannot be read",
    ):
        assert said in banner
    assert "7 runs: 2 complete, 1 diverged, 2 incomplete, 1 failed, 1 missing" in (
        page.text
    )
    assert page.text.count("No run has left its samples.") == 1
    rows = read_rows(tmp_path / "runs.csv")
    assert rows[-1]["status"] == "complete, left aside"


def test_a_divergence_is_told_once():
    runs = [
        fake_study.make_run(failure="divergence", events=["dominance", "divergence"]),
        fake_study.make_run(seed=1, events=["collapse"]),
    ]
    found = overview.troubles(fake_study.make_study(runs=runs))
    assert [(one.seed, one.kind) for one in found] == [
        (0, "dominance"),
        (0, "divergence"),
        (1, "collapse"),
    ]
    assert [bool(one.log) for one in found] == [False, True, False]


def test_logs_and_messages_are_shown_as_text(tmp_path):
    failure = {
        "kind": "crash",
        "epoch": 3,
        "message": "<b>bold</b> | and\na line",
        "log": "first\n<script>alert(1)</script>\n```\nlast",
    }
    study = fake_study.make_study(
        runs=[fake_study.make_run(), fake_study.make_run(seed=1, failure=failure)]
    )
    path = write(study, tmp_path)
    text = path.read_text()
    assert not Page(text).all("script", "b")
    assert html.escape("<script>alert(1)</script>") in text
    markdown = (tmp_path / "report.md").read_text()
    assert "    first\n    <script>alert(1)</script>\n    ```\n    last" in markdown
    assert "&lt;b&gt;bold&lt;/b&gt; \\| and a line" in markdown


def test_one_seed_has_no_intervals_and_says_so(tmp_path):
    path = write(fake_study.make_study(["dcgan", "wgan"], [0]), tmp_path)
    page = Page(path.read_text())
    assert "One seed cannot tell a difference from luck" in page.text
    assert "One seed: there is no spread and no interval." in page.text
    numbers = page.text[page.text.index("Quality of samples") :]
    numbers = numbers[: numbers.index("Training curves")]
    assert "±" not in numbers
    assert "median" not in numbers
    assert "✓" not in page.text


def test_one_conditional_model_alone(tmp_path):
    study = fake_study.make_study(["cvae"], settings={"conditional": True})
    page = Page(write(study, tmp_path).read_text())
    assert page.text.startswith("Conditional CVAE on MNIST")
    assert "1 conditional model (CVAE) on MNIST" in page.text
    assert "Losses of the GANs" not in page.text
    assert "The numbers at a glance" in page.text
    assert "Claims of the paper that this study has no numbers for (11)" in page.text


def test_an_ablation_shows_its_variants_instead_of_verdicts(tmp_path):
    runs = [
        fake_study.make_run(
            seed=seed, settings={"ablation": "width", "variant": variant}
        )
        for variant in ("", "width=8", "width=64")
        for seed in (0, 1)
    ]
    path = write(fake_study.make_study(runs=runs), tmp_path)
    page = Page(path.read_text())
    assert page.text.startswith("Ablation on MNIST: width")
    assert "3 variants of DCGAN on MNIST" in page.text
    assert "Verdicts" not in page.text
    assert "Figure 6" not in page.text
    glance = page.text[page.text.index("The numbers at a glance") :]
    order = [glance.index(f"DCGAN{v} 2 seeds") for v in ("", ", width=8", ", width=64")]
    assert order == sorted(order)
    assert json.loads((tmp_path / "claims.json").read_text())["claims"] == []
    assert (tmp_path / "figures/frechet-epochs-dcgan.svg").exists()


def test_a_study_that_has_just_begun_gives_a_report(tmp_path):
    run = dataclasses.replace(
        fake_study.make_run("cvae", complete=False), history={}, evaluations=[]
    )
    page = Page(write(fake_study.make_study(runs=[run]), tmp_path).read_text())
    assert "CVAE seed 0 is incomplete: 0 of 8 epochs are done." in page.text
    assert "No run has been judged." in page.text
    assert "No run has a history yet." in page.text
    for what in ("samples", "codes", "interpolations", "neighbours"):
        assert f"No run has left its {what}." in page.text


@pytest.mark.parametrize("what", ["samples", "codes"])
def test_a_damaged_array_is_a_missing_picture(tmp_path, what):
    fake_study.write_study(fake_study.make_study(["cvae"], [0]), tmp_path)
    (tmp_path / f"cvae/seed0/{what}.npz").write_bytes(b"PK half of it")
    page = Page(report.write_report(tmp_path).read_text())
    assert page.text.count("No run has left its") == 1
    assert f"No run has left its {what}." in page.text
    assert "CVAE, seed 0: each row leads" in page.text


def test_pictures_of_a_shorter_training_are_not_shown(tmp_path):
    fake_study.write_study(fake_study.make_study(["cvae"], [0]), tmp_path)
    path = tmp_path / "cvae/seed0/settings.json"
    path.write_text(path.read_text().replace('"epochs": 8', '"epochs": 10'))
    page = Page(report.write_report(tmp_path).read_text())
    assert "CVAE seed 0 is incomplete: 8 of 10 epochs are done." in page.text
    for what in ("samples", "codes", "interpolations", "neighbours"):
        assert f"No run has left its {what}." in page.text
    assert not (tmp_path / "figures/comparison.png").exists()


def test_runs_of_other_arguments_or_images_are_left_aside_and_named(tmp_path):
    study = fake_study.make_study(["dcgan", "wgan"])
    study.runs[1].record["arguments"]["latent_dim"] = 32
    study.runs[3].record["data"]["num_images"] = 1000
    found = load_study(fake_study.write_study(study, tmp_path))
    assert [(run.title, run.seed) for run in found.others] == [
        ("DCGAN", 1),
        ("WGAN", 0),
    ]
    assert [run.seed for run in found.models["DCGAN"]] == [0, 2]
    assert [run.seed for run in found.models["WGAN"]] == [1, 2]
    gaps = overview.gaps(found)
    assert "DCGAN seed 1 is left aside: latent_dim 32, not 64." in gaps
    assert "WGAN seed 0 is left aside: training images 1000, not 60000." in gaps


def test_real_images_that_are_no_record_are_named(tmp_path):
    fake_study.write_study(fake_study.make_study(["dcgan"], [0]), tmp_path)
    (tmp_path / "real.json").write_text("[1, 2]")
    found = load_study(tmp_path)
    assert found.real == {}
    said = f"{tmp_path / 'real.json'} holds a list; expected an object."
    assert found.problems == [said]
    assert said in overview.gaps(found)


def test_runs_that_shared_the_machine_are_told_of():
    alone = fake_study.make_study(["dcgan"], [0])
    assert "at once" not in conditions.time_told(alone)
    study = fake_study.make_study(["dcgan"], [0], environment={"workers": 3})
    assert "Timed with 3 runs at once" in conditions.time_told(study)
    assert "on a processor, 2 cores" in conditions.time_told(study)


def test_published_figures_stand_beside_the_same_protocol_only():
    study = fake_study.make_study(["dcgan"], [0])
    study.runs[0].evaluation["fid_inception_keras_5k_test"] = 7.0
    assert tables.published_table(study) is None
    study.runs[0].evaluation["fid_inception_keras_10k_test"] = 7.0
    table = tables.published_table(study)
    rows = {row[0].text: row[1].text for row in table.rows}
    assert rows["DCGAN, here"] == "7.00"
    assert rows["non-saturating GAN"] == "6.8 ± 0.5"


def test_two_reports_are_written_one_after_the_other(tmp_path, caplog):
    study = fake_study.write_study(
        fake_study.make_study(["dcgan"], [0]), tmp_path / "a"
    )
    written = []
    thread = threading.Thread(target=lambda: written.append(report.write_report(study)))
    with lock.held(study):
        thread.start()
        while "waiting for it" not in caplog.text:
            time.sleep(0.01)
        assert not (study / "runs.csv").exists()
    thread.join()
    assert written == [study / "report.html"]


def test_a_folder_without_runs_is_refused(tmp_path):
    with pytest.raises(ValueError, match="holds no run"):
        report.write_report(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_example_prints_the_verdicts_and_where_the_report_is(tmp_path):
    fake_study.write_study(fake_study.make_study(["dcgan"], [0]), tmp_path)
    command = [sys.executable, str(ROOT / "examples/report.py"), str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    *verdicts, _, last = done.stdout.splitlines()
    assert [line.split(maxsplit=1) for line in verdicts] == [
        ["undecided", claim.statement] for claim in claims.CLAIMS
    ]
    assert last == f"The report is {tmp_path / 'report.html'}"


@pytest.mark.parametrize("module", [formatting, specifications])
def test_examples_of_docstrings(module):
    assert doctest.testmod(module) == (0, doctest.testmod(module).attempted)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0, "", "0"),
        (7, "", "7"),
        (12345, "", "12,345"),
        (999.96, "", "1,000"),
        (123.456, "", "123"),
        (0.5, "", "0.500"),
        (-0.0123456, "", "−0.0123"),
        (0.000123, "", "0.000123"),
        (-1.234e-7, "", "−1.23×10⁻⁷"),
        (float("inf"), "", "∞"),
        (float("nan"), "share", "–"),
        (None, "s", "–"),
        (1.0, "share", "100\N{NO-BREAK SPACE}%"),
    ],
)
def test_numbers_have_three_digits(value, unit, text):
    assert formatting.number(value, unit) == text


def test_the_papers_of_models_and_numbers_are_named():
    keys = {paper for papers in bibliography.OF_MODELS.values() for paper in papers}
    keys |= {figure.paper for figure in bibliography.PUBLISHED}
    assert keys <= set(bibliography.PAPERS)
    assert set(bibliography.OF_MODELS) == set(MODELS)
    found = bibliography.papers(["wgan"], ["fid_mnist_v1_10k_test"])
    assert [authors.split()[-1] for authors, *_ in found] == ["2017", "2017", "Jaiswal"]
