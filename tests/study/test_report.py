import csv
import dataclasses
import doctest
import html
import html.parser
import json
import math
import pathlib
import re
import threading
import time

import numpy as np
import pytest
from scipy import stats

import kerasgen
from kerasgen.comparisons import JAISWAL
from kerasgen.metrics import specifications
from kerasgen.study import lock
from kerasgen.study import report
from kerasgen.study import table
from kerasgen.study import verdicts
from kerasgen.study.comparison import Claim
from kerasgen.study.comparison import Group
from kerasgen.study.comparison import Part
from kerasgen.study.records import load_study
from kerasgen.study.registration import registration
from kerasgen.study.report import bibliography
from kerasgen.study.report import claims
from kerasgen.study.report import formatting
from kerasgen.study.report import overview
from kerasgen.study.report import page as report_page
from kerasgen.study.report import tables
from tests.study import fake_study

QUALITIES = ["recall", "precision"]
ROOT = pathlib.Path(kerasgen.__file__).resolve().parents[1]
VOID = {"meta", "img", "br", "wbr"}


class Page(html.parser.HTMLParser):
    """Tags and words of a page; fails where tags are not closed in order."""

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
    return report.write_report(fake_study.write_study(study, directory), "jaiswal")


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
    drawings = [each for each in page.all("div") if each.get("role") == "img"]
    assert len(drawings) == len(page.all("svg"))
    assert all(each["aria-label"] for each in drawings)
    assert len(page.all("main")) == len(page.all("h1")) == 1
    names = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(names) == len(set(names))
    inward = {link["href"][1:] for link in page.all("a") if link["href"][0] == "#"}
    assert inward <= set(names)


def test_the_verdicts_come_first_and_are_those_of_the_judge(whole):
    study, path, page = whole
    judged = verdicts.judge(study, JAISWAL)
    told = page.text[: page.text.index("Figure 5.")]
    for verdict in judged:
        assert verdict.claim.statement in told
    assert {verdict.verdict for verdict in judged} > {"supported"}
    for left_out in JAISWAL.not_tested:
        assert left_out.statement in told
        assert left_out.reason in told
    written = json.loads((path.parent / "claims.json").read_text())
    assert written["claims"] == [verdict.to_dict() for verdict in judged]
    assert JAISWAL.citation.title in told


def test_the_interval_beside_a_verdict_is_that_of_its_test(whole):
    study, _, page = whole
    verdicts_by_key = {v.claim.key: v for v in verdicts.judge(study, JAISWAL)}
    pair = verdicts_by_key["quality_of_vaes"].parts[0].pairs[0]
    first, second = pair.first.values, pair.second.values
    expected = stats.ttest_ind(first, second, equal_var=False).confidence_interval()
    low, high = (formatting.number(math.exp(x)) for x in expected)
    assert f"× [{low}, {high}]" in page.text


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
    assert "15 runs: 15 complete." in page.text


def test_markdown_shows_the_files_that_are_there(whole):
    _, path, _ = whole
    text = (path.parent / "report.md").read_text()
    shown = re.findall(r"\]\((figures/.*?)\)", text)
    assert len(shown) > 20
    for name in shown:
        assert (path.parent / name).stat().st_size > 500
        assert (path.parent / name).suffix in (".png", ".svg")
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
    fids = [run.numbers()[name] for run in study.models["WGAN"]]
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
        for name, value in run.numbers().items():
            assert row[name] == ("" if value is None else str(value))


def test_every_number_of_a_record_is_in_a_table(whole):
    study, _, page = whole
    names = table.metric_names(study.table)
    shown = [name for name in names if specifications.describe(name).group]
    assert len(shown) >= 30
    spaceless = page.text.replace(" ", "")
    assert all(name in spaceless for name in shown)
    assert "other" not in {specifications.describe(name).group for name in names}


def test_equal_studies_give_equal_reports(tmp_path):
    path = write(fake_study.make_study(["cvae"], [0]), tmp_path)
    names = ("report.html", "report.md", "runs.csv", "summary.csv", "claims.json")
    before = [(tmp_path / name).read_bytes() for name in names]
    report.write_report(path.parent, "jaiswal")
    assert [(tmp_path / name).read_bytes() for name in names] == before


LAP = "laplacian_variance_pixels_10k"


def column(study, name):
    found = table_of(study, [name])
    return {row[0][0].split("\n")[0]: row[1] for row in found.rows}, found


def table_of(study, names):
    real, pixels = (study.real.get(key) or {} for key in ("final", "pixels"))
    found = tables.numbers(study.table, "final", real)
    beside = {tables.REAL_IMAGES: real, tables.PIXELS: pixels}
    return tables.metric_table(found, "", names, beside)


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
    study = fixed_study(name, [[0.01, 0.01, 0.02], [0.13, 0.13, 0.12], [0.5, 0.6, 0.7]])
    cells, _ = column(study, name)
    assert [title for title, (_, is_best) in cells.items() if is_best] == [best]


def test_nothing_is_best_where_no_direction_exists_or_real_images_are_missing():
    cells, _ = column(fake_study.make_study(), "active_units_test10k")
    assert not any(is_best for _, is_best in cells.values())
    study = fake_study.make_study()
    study.real["final"] = None
    cells, _ = column(study, "mid_grey_share_pixels_10k")
    assert not any(is_best for _, is_best in cells.values())
    assert tables.REAL_IMAGES not in cells


def test_only_what_a_test_tells_apart_is_best():
    name = "fid_mnist_v1_10k_test"
    for values in ([[1.0], [1.0], [2.0]], [[1, 2, 3], [1, 2, 4], [0, 2, 3]]):
        cells, _ = column(fixed_study(name, values), name)
        assert not any(is_best for _, is_best in cells.values())
    cells, _ = column(fixed_study(name, [[1, 1, 2], [2, 1, 2], [5, 6, 6]]), name)
    assert [t for t, (_, is_best) in cells.items() if is_best] == ["DCGAN", "WGAN"]


def test_nearness_to_real_is_told_where_real_is_the_optimum():
    study = fixed_study(LAP, [[0.27] * 3, [0.54] * 3, [0.1] * 3])
    cells, _ = column(study, LAP)
    assert cells["DCGAN"][0].endswith("\n1.00 × real")
    assert cells["WGAN"][0].endswith("\n2.00 × real")


def test_shares_are_percent_and_cells_say_how_many_seeds_they_rest_on():
    name = "precision_k5_mnist_v1_10k_test"
    study = fixed_study(name, [[0.5, 0.7, 0.6], [0.8, 0.8, None], [0.9, 0.9, "NaN"]])
    names = [name, "fid_mnist_v1_10k_test"]
    found = table_of(study, names)
    texts = found.frame.map(lambda text: text.replace("\N{NO-BREAK SPACE}", " "))
    titles, cells = (texts.iloc[:, place].tolist() for place in (0, 1))
    assert titles[0] == "DCGAN\n3 seeds"
    assert cells[0] == "60.0 ± 10 %\n[35.2, 84.8 %]"
    assert cells[1].endswith("\nn = 2") and cells[2].endswith("\nn = 2")
    assert cells[3] == "95.0 %"


def test_models_without_an_encoder_are_named_below_its_table():
    name = "silhouette_test10k"
    cells, found = column(fake_study.make_study(), name)
    assert list(cells) == ["CVAE", "AdversarialVAE", tables.PIXELS]
    assert found.notes == ("No numbers of VanillaGAN, DCGAN and WGAN.",)


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
    page = Page(report.write_report(tmp_path, "jaiswal").read_text())
    banner = page.text[page.text.index("⚠ This report is partial") :]
    banner = banner[: banner.index("Samples")]
    for said in (
        "DCGAN seed 0 has no record here.",
        "VanillaGAN lacks seed 1, which other models have.",
        "DCGAN seed 1 diverged after 4 of 8 epochs: It ended by divergence",
        "WGAN seed 1 failed after 4 of 8 epochs: It ended by killed",
        "CVAE seed 1 is incomplete: 4 of 8 epochs are done.",
        "WGAN seed 0 is trained but was not evaluated.",
        "CVAE seed 2 is left aside: epochs 20, not 8.",
        "Models of the comparison not in this study: AdversarialVAE.",
        "Real images were not evaluated",
        "evaluation.json cannot be read",
    ):
        assert said in banner
    assert "7 runs: 2 complete, 1 diverged, 2 incomplete, 1 failed, 1 missing" in (
        page.text
    )
    assert page.text.count("No run has left its samples.") == 1
    rows = read_rows(tmp_path / "runs.csv")
    assert rows[-1]["status"] == "complete, left aside"


def answers(study):
    answered = report_page.make_context(study, None)["answers"]
    return {one["question"]: one for one in answered}


def test_which_should_i_use_is_answered_by_the_numbers():
    found = answers(fixed_study("fid", [[3, 4, 5], [1, 2, 3], [9, 8, 8]]))[
        "For samples"
    ]
    assert (found["models"], found["is_tested"]) == ("WGAN or DCGAN", True)
    assert found["name"] == "fid_mnist_v1_10k_test"
    assert found["value"].startswith("2.00 ±")
    found = answers(fake_study.make_study(["cvae", "adversarial_vae"]))["For codes"]
    assert found["models"] == "AdversarialVAE"
    single = answers(fixed_study("fid", [[3], [1], [9]]))["For samples"]
    assert (single["models"], single["is_tested"]) == ("WGAN", False)


def test_an_answer_counts_the_runs_of_its_own_model_and_names_the_lost():
    study = fixed_study("fid", [[3, 4, 5], [1, 2, 1], [9, 8, 8]])
    alone = [r for r in study.runs if r.settings.model != "wgan" or r.seed == 0]
    found = answers(fake_study.make_study(runs=alone))["For samples"]
    assert (found["models"], found["num_seeds"]) == ("WGAN", 1)
    lost = [fake_study.make_run("wgan", k, failure="divergence") for k in (3, 4)]
    found = fake_study.make_study(runs=[*study.runs, *lost])
    context = report_page.make_context(found, None) | {"link": "there"}
    said = report_page.render("readme_numbers.md", context)
    assert "- **For samples**: WGAN: Fréchet distance 1.33 ± 0.58, better than" in said
    assert "(Welch's t-test), without 2 diverged runs of WGAN." in said


def test_within_a_budget_counts_what_was_reached_in_the_time_of_the_quickest():
    quick = {"seconds": 1.0, "fids": [9.0, 8.0, 7.0]}
    slow = {"seconds": 2.0, "fids": [9.0, 3.0, 1.0]}
    slower = {"seconds": 2.5, "fids": [9.0, 0.1, 0.1]}
    runs = [
        fake_study.make_run(model, epochs=2, **changes)
        for model, changes in zip(
            ("dcgan", "wgan", "cvae"), (quick, slow, slower), strict=True
        )
    ]
    found = answers(fake_study.make_study(runs=runs))["On a budget"]
    assert (found["models"], found["value"]) == ("WGAN", "3.00")
    assert found["budget"] == "0:00:02"
    # A run that broke off took less time than the model takes.
    cut = fake_study.make_run(
        "dcgan", epochs=2, complete=False, seconds=1.0, fids=[9.0, 8.0]
    )
    found = answers(fake_study.make_study(runs=[cut, *runs[1:]]))["On a budget"]
    assert found["budget"] == "0:00:04"
    # All runs of a model count at one epoch, however long each took.
    even = {"epochs": 2, "fids": [9.0, 4.0, 2.0]}
    uneven = [
        fake_study.make_run("dcgan", k, seconds=s, **even)
        for k, s in enumerate((0.9, 1.0, 1.1))
    ]
    found = answers(fake_study.make_study(runs=[*uneven, *runs[1:]]))["On a budget"]
    assert (found["models"], found["value"][:4]) == ("DCGAN", "2.00")
    silent = [dataclasses.replace(run, evaluations=[]) for run in runs]
    assert "On a budget" not in answers(fake_study.make_study(runs=silent))
    # Where each model was timed alone, those seconds count.
    alone = {"dcgan": 1.0, "wgan": 3.0, "cvae": 0.5}
    runs = [
        dataclasses.replace(run, seconds_alone=alone[run.settings.model])
        for run in runs
    ]
    found = answers(fake_study.make_study(runs=runs))["On a budget"]
    assert (found["models"], found["budget"]) == ("CVAE", "0:00:01")


def test_an_infinite_number_is_never_among_the_best():
    losses = [[1.0, 1.1, 0.9], [5.0, 6.0, 5.0], [math.inf, 7.0, 8.0]]
    assert tables.best_of(list(map(np.array, losses))) == [True, False, False]


@pytest.mark.parametrize(
    ("recalls", "expected"),
    [
        ({"cvae": 0.9, "dcgan": 0.5}, "depends on the model"),
        ({"cvae": 0.9, "dcgan": 0.9}, "depends on the measure"),
    ],
)
def test_a_verdict_depends_on_models_or_on_measures(recalls, expected):
    # Better than WGAN by recall, or not; by precision there is no difference.
    runs = [
        fake_study.make_run(
            model, seed, recall_k5=mean + 0.001 * seed, precision_k5=0.5 + 0.001 * seed
        )
        for model, mean in {**recalls, "wgan": 0.5}.items()
        for seed in range(4)
    ]
    parts = [
        Part(endpoint, Group(model, (model,)), Group("WGAN", ("wgan",)))
        for model in recalls
        for endpoint in (["recall"] if expected.endswith("model") else QUALITIES)
    ]
    claim = Claim("key", "A statement.", "nowhere", tuple(parts))
    comparison = dataclasses.replace(JAISWAL, claims=(claim,))
    (one,) = verdicts.judge(fake_study.make_study(runs=runs), comparison)
    assert claims.in_words(one) == expected
    assert claims.dependence([one]) == expected.replace("depends", "depend")


def test_a_divergence_is_told_once():
    runs = [
        fake_study.make_run(failure="divergence", events=["dominance", "divergence"]),
        fake_study.make_run(seed=1, events=["collapse"]),
    ]
    found = overview.troubles(fake_study.make_study(runs=runs))
    assert [(run, event["kind"]) for run, event in found] == [
        ("DCGAN seed 0", "dominance"),
        ("DCGAN seed 0", "divergence"),
        ("DCGAN seed 1", "collapse"),
    ]
    assert [bool(event.get("log")) for *_, event in found] == [False, True, False]


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
    assert "the best of 1 seed, too few for a test" in page.text
    numbers = page.text[page.text.index("Quality of samples") :]
    assert "±" not in numbers[: numbers.index("Quality in training")]
    assert "★" not in page.text
    assert "✓" not in page.text


def test_factors_of_one_ablation_have_their_claims_and_share_the_defaults(tmp_path):
    runs = [
        fake_study.make_run(
            "cvae",
            seed,
            epochs=epochs,
            settings={"ablation": "beta+epochs", "variant": level},
        )
        for level, epochs in (("", 2), ("beta=0.25x", 2), ("epochs=0.5x", 1))
        for seed in (0, 1, 2)
    ]
    study = fake_study.make_study(runs=runs)
    page = Page(write(study, tmp_path).read_text())
    assert page.text.startswith("Ablation on MNIST: beta and epochs")
    assert "is left aside" not in page.text
    judged = json.loads((tmp_path / "claims.json").read_text())["claims"]
    assert [claim["key"] for claim in judged] == ["epochs", "beta"]
    assert "Weighting reconstruction more" in page.text


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
    assert (
        "3 variants (DCGAN, DCGAN, width=8 and DCGAN, width=64) on MNIST" in page.text
    )
    assert "Verdicts" not in page.text
    assert "Figure 6" not in page.text
    glance = page.text[page.text.index("lower is better") :]
    order = [glance.index(f"DCGAN{v} 2 seeds") for v in ("", ", width=8", ", width=64")]
    assert order == sorted(order)
    judged = json.loads((tmp_path / "claims.json").read_text())["claims"]
    assert [claim["key"] for claim in judged] == ["width"]
    assert (tmp_path / "figures/frechet-epochs-dcgan.svg").exists()


def drawn(fids, **changes):
    """A study of draws of settings: of each model one for each distance."""
    return fake_study.make_study(
        runs=[
            fake_study.make_run(
                model,
                settings={
                    "arm": "robustness",
                    "variant": f"draw{place:02}",
                    "learning_rate_factor": 0.5 + place,
                    "arguments": {"width": 16 * (place + 1)},
                    "optimizers": {"all": {"beta_1": 0.5}},
                },
                fid=fid,
                failure="divergence" if fid is None else None,
                **changes,
            )
            for model in fids
            for place, fid in enumerate(fids[model])
        ]
    )


def test_draws_of_settings_are_runs_of_their_model(tmp_path):
    found = drawn({"dcgan": [3.0, 4.0, 5.0], "cvae": [9.0, None, 11.0]})
    page = Page(write(found, tmp_path).read_text())
    assert "2 models (DCGAN and CVAE) on MNIST" in page.text
    assert "3 draws. 6 runs: 5 complete, 1 diverged." in page.text
    assert re.search("CVAE draw01 ?, epoch 4: divergence", page.text)
    assert "diverged after 4 of 8 epochs" not in page.text
    assert "Which should I use" not in page.text
    assert "over draws" in page.text and "over seeds" not in page.text
    assert "CVAE 3 draws" in page.text and "1 of 3" in page.text
    assert "Interpolations" not in page.text
    assert (tmp_path / "figures/draws.svg").exists()
    assert (tmp_path / "figures/frechet-epochs.svg").exists()
    shown = overview.draws_table(found).frame
    assert shown.DCGAN.tolist() == ["3.00", "4.00", "5.00"]
    assert shown.CVAE.tolist() == ["9.00", "diverged", "11.0"]
    assert shown.Draw[2] == (
        "draw02\nrate 2.50 ×, β₁ or momentum 0.5, width 1.5 ×, batches of 64"
    )
    assert overview.draws_table(fake_study.make_study(["dcgan"])) is None
    read = load_study(tmp_path)
    assert (len(read.runs), read.others) == (6, [])


def test_a_study_that_has_just_begun_gives_a_report(tmp_path):
    run = dataclasses.replace(
        fake_study.make_run("cvae", complete=False), history={}, evaluations=[]
    )
    page = Page(write(fake_study.make_study(runs=[run]), tmp_path).read_text())
    assert "CVAE seed 0 is incomplete: 0 of 8 epochs are done." in page.text
    assert "No run has been evaluated." in page.text
    for what in ("samples", "history", "interpolations", "neighbours"):
        assert f"No run has left its {what}." in page.text


@pytest.mark.parametrize("what", ["samples", "codes"])
def test_a_damaged_array_is_a_missing_picture(tmp_path, what):
    fake_study.write_study(fake_study.make_study(["cvae"], [0]), tmp_path)
    (tmp_path / f"cvae/seed0/{what}.npz").write_bytes(b"PK half of it")
    page = Page(report.write_report(tmp_path, "jaiswal").read_text())
    assert page.text.count("No run has left its") == 1
    assert f"No run has left its {what}." in page.text
    assert "CVAE: each row between two random latents" in page.text


def test_pictures_of_a_shorter_training_are_not_shown(tmp_path):
    fake_study.write_study(fake_study.make_study(["cvae"], [0]), tmp_path)
    path = tmp_path / "cvae/seed0/settings.json"
    path.write_text(path.read_text().replace('"epochs": 8', '"epochs": 10'))
    page = Page(report.write_report(tmp_path, "jaiswal").read_text())
    assert "CVAE seed 0 is incomplete: 8 of 10 epochs are done." in page.text
    for what in ("samples", "interpolations", "neighbours"):
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


def test_runs_that_shared_the_machine_are_told_of(tmp_path):
    write(fake_study.make_study(["dcgan"], [0]), tmp_path / "alone")
    assert "at once, which" not in (tmp_path / "alone/report.md").read_text()
    study = fake_study.make_study(["dcgan"], [0], environment={"workers": 3})
    write(study, tmp_path / "shared")
    told = (tmp_path / "shared/report.md").read_text()
    assert "Timed with 3 runs at once" in told
    assert "on a processor, 2 cores" in told


def test_published_figures_stand_beside_the_same_protocol_only():
    study = fake_study.make_study(["dcgan"], [0])
    study.runs[0].evaluation["metrics"]["fid_inception_keras_5k_test"] = 7.0
    found = tables.numbers(study.table, "final")
    assert tables.published_table(found, JAISWAL, "mnist") is None
    study.runs[0].evaluation["metrics"]["fid_inception_keras_10k_test"] = 7.0
    study.__dict__.pop("table")
    found = tables.numbers(study.table, "final")
    found = tables.published_table(found, JAISWAL, "mnist")
    rows = dict(found.frame.iloc[:, :2].to_numpy())
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


def test_papers_of_models_metrics_and_the_comparison_are_named():
    found = bibliography.papers(["wgan"], ["fid_mnist_v1_10k_test"])
    assert [one.authors for one in found] == [
        "Arjovsky, Chintala & Bottou 2017",
        "Heusel et al. 2017",
    ]
    with_claims = bibliography.papers(["wgan"], [], JAISWAL)
    assert {JAISWAL.citation, *bibliography.OF_VERDICTS} <= set(with_claims)


def test_a_study_without_a_comparison_has_no_claims_and_no_figure_numbers(tmp_path):
    fake_study.write_study(fake_study.make_study(["cvae"]), tmp_path)
    page = Page(report.write_report(tmp_path).read_text())
    assert page.text.startswith("CVAE on MNIST")
    for absent in ("Verdicts", "Figure 8", "Jaiswal", "supported"):
        assert absent not in page.text


def test_samples_from_a_fitted_prior_have_a_section_of_their_own(tmp_path):
    study = fake_study.make_study(["wgan", "cvae"], settings={"arm": "modern"})
    for run in study.models["CVAE"]:
        better = {"fid_mnist_v1_10k_test": 1.5 + 0.01 * run.seed}
        run.evaluation["fitted_prior"] = {"metrics": better}
    folder = fake_study.write_study(study, tmp_path)
    for run in study.models["CVAE"]:
        arrays = fake_study.fake_arrays(run)["samples.npz"]
        np.savez(folder / f"cvae/seed{run.seed}/samples_fitted.npz", **arrays)
    page = Page(report.write_report(folder, "jaiswal").read_text())
    assert "modern settings" in page.text
    assert "samples from a fitted prior" in page.text
    assert "1.51 ± 0.010" in page.text.replace("\N{NO-BREAK SPACE}", " ")
    assert "The same claims with samples of VAEs from fitted priors" in page.text


def test_verdicts_are_exploratory_unless_they_were_registered(whole, tmp_path):
    *_, page = whole
    assert "Exploratory: nothing was registered before these runs" in page.text
    # Of the same arm for other epochs, and then for these.
    made = {"settings": {"arm": "modern"}, "seeds": (100, 101, 102)}
    study = fake_study.make_study(["dcgan", "wgan"], **made)
    commit = study.runs[0].record["environments"][0]["commit"]
    text = registration(JAISWAL, commit)
    (tmp_path / "preregistration.md").write_text(text)
    assert "Exploratory" in Page(write(study, tmp_path).read_text()).text
    text = text.replace("\n20 epochs, the same", "\n8 epochs, the same")
    (tmp_path / "preregistration.md").write_text(text)
    told = Page(write(study, tmp_path).read_text()).text
    assert "fixed before the runs, in preregistration.md" in told
    assert "Exploratory" not in told and "Not as registered" not in told
    other = text.replace("| higher | linear | 0.03 |", "| higher | linear | 0.05 |")
    other = other.replace(f"`{commit}", "`1a2b3c4")
    (tmp_path / "preregistration.md").write_text(other)
    made = {"settings": {"arm": "modern", "learning_rate_factor": 3.0}}
    study = fake_study.make_study(["dcgan", "wgan"], **made)
    told = Page(write(study, tmp_path).read_text()).text
    assert (
        "Not as registered: endpoint mutual_information, seeds, code, settings of "
        "dcgan, settings of wgan." in told
    )
