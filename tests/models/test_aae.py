import types

import numpy as np
import pytest
import tensorflow as tf

import kerasgen
from kerasgen.evaluation.encoder_inputs import EncoderInputs
from tests import contract


class TestAAE(contract.ModelContract):
    model_class = kerasgen.AAE
    arguments = {**contract.SMALL, "width": 8, "discriminator_width": 8}
    epochs, batch_size = 8, 16
    bad_arguments = [
        ({"label_modes": True}, "label_modes=True with num_classes=None"),
        (
            {"label_modes": True, "num_classes": 3, "latent_dim": 1},
            "latent_dim=1; expected classes, and two latents",
        ),
        ({"label_modes": "ring"}, "label_modes='ring'; expected one of"),
        ({"reconstruction": "gausian"}, "Did you mean 'gaussian'"),
        ({"encoder_normalization": "bach"}, "normalization='bach'; expected one of"),
        ({"discriminator_width": 0}, "width=0; expected a positive integer"),
    ]

    def test_prior_draws_are_the_real_ones(self, digits):
        """The discriminator parts D(z) from D(E(x)), and the encoder lifts D(E(x))."""
        images = tf.constant(digits[0].astype("float32") / 255.0)

        def verdicts(model):
            model.seed_generator.state.assign([0, 5])
            latents = model.draw_latents(images, model.seed_generator)
            real = model.discriminator(latents, training=False)
            fake = model.discriminator(model.encoder(images), training=False)
            return np.mean(real), np.mean(fake)

        for mover in ("discriminator", "encoder"):
            model = self.make(average_momentum=None)
            # Codes far from the prior, so that there is something to tell.
            kernel = model.encoder.get_layer("mean")
            kernel.set_weights([kernel.get_weights()[0], np.full(4, 3.0)])
            rates = {player: 1e-3 * (player == mover) for player in model.players}
            model.compile(
                {p: tf.keras.optimizers.Adam(rate) for p, rate in rates.items()},
                run_eagerly=True,
            )
            before = verdicts(model)
            model.train_step(images)
            real, fake = np.subtract(verdicts(model), before)
            if mover == "discriminator":
                assert real > fake
            else:
                assert real == 0.0 and fake > 0.0

    def test_modes_of_the_prior_stand_on_a_ring(self):
        model = self.make(num_classes=10, label_modes=True)
        labels = np.repeat(np.arange(10), 500)
        draws = model.draw_prior(5000, (0, -1), labels).numpy()
        for label in range(10):
            own = draws[labels == label]
            angle = 2 * np.pi * label / 10
            centre = 4.0 * np.array([np.cos(angle), np.sin(angle)])
            np.testing.assert_allclose(own[:, :2].mean(axis=0), centre, atol=0.1)
            np.testing.assert_allclose(own[:, :2].std(axis=0), 0.5, atol=0.06)
            np.testing.assert_allclose(own[:, 2:].mean(axis=0), 0.0, atol=0.2)
            np.testing.assert_allclose(own[:, 2:].std(axis=0), 1.0, atol=0.1)
        offsets = draws[:, None, :2] - model.mode_centres()
        nearest = np.linalg.norm(offsets, axis=2).argmin(axis=1)
        assert np.mean(nearest == labels) > 0.97

    def test_labels_are_the_prior_s_and_not_the_encoder_s(self, digits):
        model = self.make(num_classes=10, label_modes=True)
        images, labels = (array[:40] for array in digits)
        with pytest.raises(ValueError, match="encoder of AAE takes no labels"):
            model.encode(images, labels)
        part = types.SimpleNamespace(labels=labels)
        assert EncoderInputs(model, part, None, 0).labels(part) is None
        labelled = kerasgen.CVAE(num_classes=10, width=4)
        assert EncoderInputs(labelled, part, None, 0).labels(part) is labels
        assert model.fit_prior(images, labels, components=1).sample(3).shape[0] == 3

    def test_an_image_without_a_label_is_set_against_the_whole_ring(self, digits):
        model = self.make(num_classes=10, label_modes=True)
        labels = np.array([10, 3] * 2000)  # none, and a three
        draws = model.draw_prior(4000, (0, -1), labels).numpy()
        angles = np.arctan2(*draws[::2, 1::-1].T) / (2 * np.pi / 10)
        counts = np.bincount(np.rint(angles).astype(int) % 10, minlength=10)
        unlabelled = model.draw_prior(4, (0, -1)).numpy()
        assert np.linalg.norm(unlabelled[:, :2], axis=1).min() > 2.0
        assert counts.min() > 150 and counts.max() < 250  # 200 each
        every_three = model.draw_prior(4000, (0, -1), np.full(4000, 3)).numpy()
        np.testing.assert_array_equal(draws[1::2], every_three[1::2])
        few = kerasgen.data.few_labels(*digits, 10, batch_size=32)
        losses = model.fit(few, epochs=1, verbose=0).history
        assert np.isfinite(losses["discriminator_loss"]).all()
        with pytest.raises(ValueError, match=r"expected 0\.\.9"):
            model.sample(2, labels=10)
        # The discriminator has learned of images without a label.
        none = model.discriminate(digits[0][:2], [10, 10])
        assert not np.allclose(none, model.discriminate(digits[0][:2], [3, 3]))
        with pytest.raises(ValueError, match=r"expected 0\.\.10"):
            model.discriminate(digits[0][:2], [11, 11])

    def test_labelled_modes_train_sample_and_export(self, digits, tmp_path):
        model = self.make(num_classes=10, label_modes=True)
        contract.eagerly(model).train_on_batch(*(part[:16] for part in digits))
        assert model.is_conditional and not model.takes_labels("decoder")
        zeros, ones = (model.sample(4, labels=label, seed=0) for label in (0, 1))
        assert not np.array_equal(zeros, ones)
        assert model.encode(digits[0][:4]).shape == (4, 4)
        assert model.reconstruct(digits[0][:4]).shape == (4, 28, 28, 1)
        model.export(tmp_path / "exported")
        restored = tf.saved_model.load(str(tmp_path / "exported"))
        labels = tf.constant([3, 1], tf.int32)
        made = restored.signatures["sample"](
            n=tf.constant(2), seed=tf.constant(9), labels=labels
        )
        expected = model.sample(2, labels.numpy(), seed=9)
        np.testing.assert_allclose(made["images"], expected, atol=1e-6)
        again = kerasgen.AAE.from_config(model.get_config())
        assert again.label_modes is True

    def test_training_lowers_the_reconstruction_loss(self, trained):
        values = trained.history["reconstruction_loss"]
        assert values[-1] < 0.7 * values[0]
