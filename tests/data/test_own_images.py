import numpy as np
import pytest
from PIL import Image

from kerasgen import data
from kerasgen.data.own_images import folder_name
from kerasgen.evaluation import Reference


def write_pictures(folder, count, mode="RGB", first=0, size=(10, 8)):
    folder.mkdir(parents=True)
    for index in range(count):
        picture = Image.new("L", size, first + index)
        picture.convert(mode).save(folder / f"{index:02}.png")


@pytest.fixture
def classes(tmp_path):
    """Twenty pictures 8 high and 10 wide, grey 0 to 9 in `cats`, 50 to 59 in `dogs`."""
    write_pictures(tmp_path / "pets/cats", 10)
    write_pictures(tmp_path / "pets/dogs", 10, first=50)
    (tmp_path / "pets/notes").mkdir()
    return tmp_path / "pets"


def test_subfolders_are_classes_and_a_tenth_is_held_out(classes):
    train, test = (data.fetch(classes, split) for split in ("train", "test"))
    assert (train.name, train.num_classes, train.is_own) == ("pets", 2, True)
    assert train.images.shape == (18, 8, 10, 3) and len(test.images) == 2
    greys = np.concatenate([train.images, test.images])[:, 0, 0, 0]
    labels = np.concatenate([train.labels, test.labels])
    assert sorted(greys) == [*range(10), *range(50, 60)]
    np.testing.assert_array_equal(labels, greys >= 50)
    assert len(set(train.labels[:6])) == 2  # the first few are of all classes
    again = data.fetch(str(classes), "test[:1]", image_size=4, channels=1)
    assert again.images.shape == (1, 4, 4, 1)
    assert again.images[0, 0, 0, 0] == test.images[0, 0, 0, 0]


def test_given_splits_and_pictures_without_classes(tmp_path):
    write_pictures(tmp_path / "own/train", 5, "L")
    write_pictures(tmp_path / "own/test", 3, "L", first=90)
    train, test = (data.fetch(tmp_path / "own", each) for each in ("train", "test"))
    assert train.labels is None and train.num_classes is None
    assert train.images.shape == (5, 8, 10, 1) and test.images.min() == 90
    assert len(data.fetch(tmp_path / "own", "all").images) == 8


def test_arrays_of_a_file(tmp_path):
    images = np.linspace(0, 1, 30 * 16).reshape(30, 4, 4).astype("float32")
    labels = np.arange(30) % 3
    np.savez(tmp_path / "a.npz", images=images, labels=labels)
    found = data.fetch(tmp_path / "a.npz", "all")
    assert found.images.shape == (30, 4, 4, 1) and found.num_classes == 3
    order = np.argsort(found.images[:, 0, 0, 0])
    np.testing.assert_array_equal(found.labels[order], labels)
    np.save(tmp_path / "b.npy", images)
    wide = data.fetch(f"{tmp_path}/b.npy", image_size=8, channels=3)
    assert wide.images.shape == (27, 8, 8, 3) and wide.labels is None
    keras = {"x_train": images, "y_train": labels, "x_test": images[:2]}
    np.savez(tmp_path / "c.npz", **keras, y_test=labels[:2])
    assert len(data.fetch(tmp_path / "c.npz", "test").labels) == 2


def test_what_does_not_fit_is_told(classes, tmp_path):
    Image.new("L", (9, 9)).save(classes / "dogs/odd.png")
    with pytest.raises(ValueError, match=r"of \(9, 9\).*image_size"):
        data.fetch(classes)
    assert data.fetch(classes, image_size=4).images.shape[1:] == (4, 4, 3)
    Image.new("L", (9, 9)).save(classes / "lost.png")
    with pytest.raises(ValueError, match="lost.png beside folders of classes"):
        data.fetch(classes)
    with pytest.raises(ValueError, match="no dataset .*nowhere.npy"):
        data.fetch(tmp_path / "nowhere.npy")
    with pytest.raises(ValueError, match="no split 'valid'"):
        data.fetch(classes, "valid")
    (classes / "lost.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match="lost.png"):
        data.fetch(classes)


def test_a_folder_is_named_after_the_last_part():
    names = [
        folder_name(each) for each in ("cifar10", "emnist/letters", "../a b/", "..")
    ]
    assert names == ["cifar10", "emnist-letters", "a-b", ""]


def test_features_of_own_images_need_no_labels_and_are_named(classes):
    sets = [data.fetch(classes, split) for split in ("train", "test")]
    assert Reference(sets).extractor.name == "random_cnn_v1"
    unlabelled = Reference((sets[1].images, None), features="trained")
    with pytest.raises(ValueError, match="no labelled training images"):
        _ = unlabelled.extractor


def test_published_images_are_scaled_too(tmp_path, write_idx):
    found = data.fetch("mnist", data_dir=write_idx(tmp_path), image_size=32, channels=3)
    assert found.images.shape[1:] == (32, 32, 3) and not found.is_own


def test_folders_that_would_be_misread_are_told(classes, tmp_path):
    write_pictures(classes / "notes/deeper", 2)
    with pytest.raises(ValueError, match="notes with pictures in folders below it"):
        data.fetch(classes)
    write_pictures(tmp_path / "own/train", 3)
    write_pictures(tmp_path / "own/val", 2)
    with pytest.raises(ValueError, match="folders train and val; .* Rename val"):
        data.fetch(tmp_path / "own")
    write_pictures(tmp_path / "own/test", 2)
    with pytest.warns(UserWarning, match="own/val are left out"):
        assert len(data.fetch(tmp_path / "own", "all").images) == 5


def test_pictures_of_other_kinds_are_not_left_out_unsaid(tmp_path):
    write_pictures(tmp_path / "pets/cats", 2)
    other = tmp_path / "pets/dogs/1.webp"
    other.parent.mkdir()
    Image.fromarray(np.zeros((8, 8), "uint8")).save(other)
    with pytest.raises(ValueError, match=r"dogs/1\.webp, one of 1 pictures .*\.jpeg"):
        data.fetch(tmp_path / "pets")
    with pytest.raises(ValueError, match=r"1\.webp.*Convert or remove"):
        data.fetch(f"stream:{tmp_path}/pets")


def test_arrays_of_other_names_are_not_left_out_unsaid(tmp_path):
    images = np.zeros((5, 8, 8), "uint8")
    np.savez(tmp_path / "a.npz", images=images, targets=np.arange(5))
    with pytest.warns(UserWarning, match="arrays targets are left out.* images alone"):
        assert data.fetch(tmp_path / "a.npz").labels is None


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((5, 8, 8, 4), "lay transparent pictures over a background"),
        ((5, 8, 8, 2), "expected .*1 channel .* or 3"),
        ((5, 3, 8, 8), "Move channels to the end"),
        ((8, 8, 3), "like one picture in colour"),
    ],
)
def test_arrays_of_other_channels_are_told(tmp_path, shape, message):
    np.save(tmp_path / "a.npy", np.zeros(shape, "uint8"))
    with pytest.raises(ValueError, match=message):
        data.fetch(tmp_path / "a.npy")


def test_arrays_to_train_and_to_test_have_one_shape(tmp_path):
    pair = {"x_train": np.zeros((4, 8, 8), "uint8")}
    np.savez(tmp_path / "a.npz", **pair, x_test=np.zeros((4, 8, 8, 3), "uint8"))
    with pytest.raises(ValueError, match="of the shapes .*; expected one"):
        data.fetch(tmp_path / "a.npz", "all")
