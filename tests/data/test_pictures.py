import numpy as np
import pytest
from PIL import Image

from kerasgen.data.pictures import read_picture
from kerasgen.data.pictures import read_pictures
from kerasgen.evaluation.samples import load_images

DIGIT = np.random.default_rng(0).integers(0, 256, (6, 5)).astype("uint8")
DIGIT[0, :2] = 0, 255


def _write(path, mode):
    """Writes the digit, as a grey picture or in a form that means the same."""
    zeros = np.zeros_like(DIGIT)
    pictures = {
        "L": lambda: Image.fromarray(DIGIT),
        "I;16": lambda: Image.fromarray(DIGIT.astype("uint16") * 257),
        "RGB": lambda: Image.fromarray(np.stack([DIGIT] * 3, -1)),
        "opaque": lambda: Image.fromarray(np.stack([*[DIGIT] * 3, zeros + 255], -1)),
        "white in alpha": lambda: Image.fromarray(
            np.stack([*[zeros + 255] * 3, DIGIT], -1)
        ),
        "LA": lambda: Image.fromarray(np.stack([zeros + 255, DIGIT], -1)),
    }
    if mode == "P":
        picture = Image.fromarray(255 - DIGIT).convert("P")
        picture.putpalette([255 - grey for grey in range(256) for _ in range(3)])
    else:
        picture = pictures[mode]()
    picture.save(path)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "mode", ["L", "I;16", "RGB", "opaque", "white in alpha", "LA", "P"]
)
def test_every_mode_gives_the_same_digit(tmp_path, mode, channels):
    _write(tmp_path / "a.png", mode)
    found = read_picture(tmp_path / "a.png", channels)
    assert found.dtype == np.uint8 and found.shape == (6, 5, channels)
    for channel in range(channels):
        np.testing.assert_allclose(found[..., channel], DIGIT, atol=1)


def test_a_digit_in_alpha_that_black_hides_is_refused(tmp_path):
    zeros = np.zeros_like(DIGIT)
    Image.fromarray(np.stack([zeros] * 3 + [DIGIT], -1)).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match="in its transparency alone"):
        read_picture(tmp_path / "a.png", 1)


def test_wide_numbers_that_are_no_pixels_are_refused(tmp_path):
    Image.fromarray(np.float32(DIGIT)).save(tmp_path / "a.tif")
    with pytest.raises(ValueError, match="pixels of type float32 up to 255"):
        read_picture(tmp_path / "a.tif", 1)


@pytest.mark.parametrize("read", [read_pictures, load_images])
def test_a_folder_of_pictures(tmp_path, read):
    for index, mode in enumerate(("L", "I;16", "LA")):
        _write(tmp_path / f"{index}.PNG", mode)
    found = read(tmp_path, 1)
    assert found.shape == (3, 6, 5, 1)
    np.testing.assert_allclose(found - DIGIT[..., None].astype(float), 0, atol=1)


def test_folders_that_are_none(tmp_path):
    with pytest.raises(ValueError, match="without a picture"):
        read_pictures(tmp_path, 1)
    _write(tmp_path / "a.png", "L")
    Image.fromarray(DIGIT[1:]).save(tmp_path / "b.png")
    with pytest.raises(ValueError, match=r"b\.png of \(5, 5.*expected \(6, 5.*a\.png"):
        read_pictures(tmp_path, 1)
    with pytest.raises(ValueError, match="channels=4; expected 1"):
        read_picture(tmp_path / "a.png", 4)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "I;16"])
def test_every_mode_is_turned_upright(tmp_path, mode):
    picture = Image.fromarray(
        np.full((4, 8), 9, "uint16" if mode == "I;16" else "uint8")
    )
    picture = picture if mode == "I;16" else picture.convert(mode)
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    if mode == "RGBA":
        picture.putalpha(255)
        picture.putpixel((0, 0), (255, 255, 255, 0))
    picture.save(tmp_path / "a.png", exif=exif)
    assert read_picture(tmp_path / "a.png", 1).shape == (8, 4, 1)
