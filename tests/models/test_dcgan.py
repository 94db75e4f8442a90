import numpy as np
import pytest

import kerasgen
from tests import contract


class TestDCGAN(contract.ModelContract):
    model_class = kerasgen.DCGAN
    judge_switch = "discriminator_normalization"

    @pytest.mark.parametrize(
        ("shape", "depth", "message"),
        [
            ((30, 28, 1), 2, "multiples of 4.* resize the images, .* to 32x28"),
            ((28, 28, 1), 3, "multiples of 8"),
        ],
    )
    def test_sizes_that_the_networks_cannot_make(self, shape, depth, message):
        with pytest.raises(ValueError, match=message):
            self.make(image_shape=shape, depth=depth)

    def test_discriminate_gives_probabilities(self, digits):
        judged = self.make().discriminate(digits[0][:7])
        assert judged.shape == (7,)
        assert ((judged > 0) & (judged < 1)).all()

    def test_conditional_discriminator_sees_the_label(self, digits):
        model = self.make(num_classes=10)
        images = np.repeat(digits[0][:1], 2, axis=0)
        first, second = model.discriminate(images, [3, 4])
        assert first != second

    def test_discriminator_learns_to_tell_real_from_made(self, digits):
        model = self.make(width=8)
        model.fit(digits[0], epochs=3, batch_size=16, verbose=0)
        real = model.discriminate(digits[0]).mean()
        noise = model.discriminate(np.random.default_rng(0).random((64, 28, 28, 1)))
        assert real > noise.mean()
