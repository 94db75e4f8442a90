import itertools

import pytest

from kerasgen.data.splits import Split


@pytest.mark.parametrize(
    ("text", "base", "rows"),
    [
        ("train", "train", (0, 200)),
        ("test[:50]", "test", (0, 50)),
        ("train[50:]", "train", (50, 200)),
        ("train[1_0:20]", "train", (10, 20)),
        ("train[90%:]", "train", (180, 200)),
        ("train[:12.5%]", "train", (0, 25)),
        ("train[10%:150]", "train", (20, 150)),
        ("train[-20:]", "train", (180, 200)),
        ("train[:-25%]", "train", (0, 150)),
        ("train[:]", "train", (0, 200)),
        ("train[:100%]", "train", (0, 200)),
    ],
)
def test_rows(text, base, rows):
    split = Split.parse(text)
    assert split.base == base
    assert split.rows(200) == rows


def test_percent_slices_cover_a_split_once():
    ends = [Split.parse(f"train[{p}%:{p + 1}%]").rows(12345) for p in range(100)]
    assert ends[0][0] == 0 and ends[-1][1] == 12345
    assert all(end == first for (_, end), (first, _) in itertools.pairwise(ends))


@pytest.mark.parametrize("text", ["", "train[5]", "train[:1.5]", "a+b", "train[", 3])
def test_unreadable(text):
    with pytest.raises(ValueError, match="cannot be read"):
        Split.parse(text)


@pytest.mark.parametrize("text", ["train[:201]", "train[-201:]", "train[:101%]"])
def test_bound_outside(text):
    with pytest.raises(ValueError, match="has 200 images"):
        Split.parse(text).rows(200)


@pytest.mark.parametrize("text", ["train[5:5]", "train[9:3]", "train[:0]"])
def test_no_rows(text):
    with pytest.raises(ValueError, match="holds no images"):
        Split.parse(text).rows(200)


def test_unknown_name_lists_the_known():
    with pytest.raises(ValueError, match=r"'valid'.*one of train, test"):
        Split.parse("valid[:10]").check(["train", "test"])
