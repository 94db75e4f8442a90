"""The table of metric specifications: names, titles, groups and papers."""

import doctest

import pytest

from kerasgen.evaluation.sample_metrics import SAMPLE_METRICS
from kerasgen.metrics import specifications
from kerasgen.metrics.papers import PAPERS


def test_example_of_the_docstring():
    assert doctest.testmod(specifications) == (0, 1)


@pytest.mark.parametrize(
    ("name", "title", "group"),
    [
        ("kid_standard_error_mnist_v1_10k_test", "", specifications.HIDDEN),
        ("kid_mnist_v1_10k_test", "Kernel distance", "quality"),
        ("ndb_k100_pixels_10k_train20k", "", specifications.HIDDEN),
        ("ndb_k100_share_pixels_10k_train20k", "Different bins", "diversity"),
        ("within_class_distance_mnist_v1_10k", "Distance within a class", "diversity"),
        (
            "within_class_distance_pixels_10k",
            "Distance within a class, pixels",
            "diversity",
        ),
        ("negative_elbo_gaussian_kl_test10k", "its KL divergence", "likelihood"),
        (
            "importance_weighted_nll_k5000_binarised_test10k",
            "Importance-weighted NLL",
            "likelihood",
        ),
        (
            "negative_elbo_bernoulli_binarised_test1k",
            "Negative ELBO, binarised",
            "likelihood",
        ),
        ("inverted_silhouette_test500", "Silhouette", "inverted"),
        ("something_new_10k", "something new 10k", "other"),
    ],
)
def test_numbers_are_described_by_what_was_computed(name, title, group):
    metric = specifications.describe(name)
    assert (metric.title, metric.group) == (title, group)


@pytest.mark.parametrize("metric", SAMPLE_METRICS.values(), ids=SAMPLE_METRICS)
def test_every_number_of_samples_has_a_specification(metric):
    for base in metric.outputs:
        space = "_pixels" if metric.space == "pixels" else ""
        name = f"{base}{space}_1k"
        assert specifications.describe(name).group != "other", name


def test_every_specification_names_a_group_a_direction_and_a_known_paper():
    for one in specifications.SPECIFICATIONS:
        assert one.group in (*specifications.GROUPS, specifications.HIDDEN)
        assert one.direction in specifications.DIRECTIONS
        assert not one.paper or one.paper in PAPERS
        assert one.defined


def test_papers_are_sorted_and_named_once():
    found = specifications.papers(["fid_a", "fid_b", "recall_k5_a", "unknown"])
    assert [paper[0] for paper in found] == [
        "Heusel et al. 2017",
        "Kynkäänniemi et al. 2019",
    ]


def test_inverted_codes_cite_the_papers_of_inversion():
    authors = [p[0] for p in specifications.papers(["inverted_silhouette_test500"])]
    assert "Lipton & Tripathi 2017" in authors
