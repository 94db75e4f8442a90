"""Files of models; the state of all noise, dropout's too, is kept with the weights."""

import io
import warnings
import zipfile

import h5py
from keras import ops

from kerasgen import files

WEIGHTS = "model.weights.h5"  # in a .keras file


class SavedNoise:
    """Mixin before `keras.Model`: a loaded model draws on where it was saved."""

    def save(self, filepath, overwrite=True, **kwargs):
        """Writes a `.keras` file, which `keras.models.load_model` reads.

        Args:
            filepath: Name that ends in `.keras`.
            overwrite: Whether to replace an older file without asking.
            **kwargs: Further arguments of `keras.Model.save`.

        Raises:
            ValueError: If the name ends otherwise, or the optimizers are to be left
                out.
        """
        if not kwargs.get("include_optimizer", True):
            raise ValueError(
                "Got include_optimizer=False; expected True: a .keras file holds the "
                "optimizers. Write the weights alone with save_weights."
            )
        path = files.user_path(filepath)
        if path.suffix != ".keras":
            raise ValueError(
                f"Got the file name {str(filepath)!r}; expected one that ends in "
                f".keras. Name it {path.with_suffix('.keras').name!r}, or write the "
                "weights alone with save_weights('name.weights.h5')."
            )
        super().save(path, overwrite=overwrite, **kwargs)

    def save_weights(self, filepath, *args, **kwargs):
        """Writes a `.weights.h5` file; see `keras.Model.save_weights`."""
        super().save_weights(files.user_path(filepath), *args, **kwargs)

    def load_weights(self, filepath, *args, **kwargs):
        """Reads a `.weights.h5` or `.keras` file; see `keras.Model.load_weights`.

        A fitted prior is that of the file afterwards, or none, with a warning.
        """
        path, before = files.user_path(filepath), self.fitted_prior
        self.set_prior(self._prior_in(path))
        try:
            super().load_weights(path, *args, **kwargs)
        except Exception:
            self.set_prior(before)
            raise
        if before is not None and self.fitted_prior is None:
            warnings.warn(
                "The prior that was fitted to codes of the earlier weights is "
                f"dropped, and {path} has none; call fit_prior again.",
                stacklevel=2,
            )

    def _prior_in(self, path):
        """A prior like that in a file of weights, its numbers still to be loaded."""
        if not hasattr(self, "new_prior"):  # a GAN
            return None
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                if WEIGHTS not in archive.namelist():
                    return self.fitted_prior
                path = io.BytesIO(archive.read(WEIGHTS))
        elif not h5py.is_hdf5(path):
            return self.fitted_prior  # Keras will say what is wrong
        with h5py.File(path) as file:
            means = file.get("fitted_prior/vars/1")  # (mixtures, components, latents)
            return None if means is None else self.new_prior(means.shape[1])

    def save_own_variables(self, store):
        super().save_own_variables(store)
        for index, generator in enumerate(self._noise()):
            store[f"seed_state_{index}"] = ops.convert_to_numpy(generator.state)

    def load_own_variables(self, store):
        keys = list(store.keys())
        own = {key: store[key] for key in keys if not key.startswith("seed_state_")}
        super().load_own_variables(own)
        for index, generator in enumerate(self._noise()):
            if f"seed_state_{index}" in keys:
                generator.state.assign(store[f"seed_state_{index}"])

    def _noise(self):
        """The seed generators of the model and of its layers, in a fixed order."""
        generators = [self.seed_generator]
        for layer in self._flatten_layers(include_self=False):
            generators += list(layer._seed_generators)
        return generators
