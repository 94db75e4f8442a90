"""Callbacks: pictures, histories, evaluations and checkpoints during training."""

from kerasgen.callbacks.animation import write_loop
from kerasgen.callbacks.checkpoint import Checkpoint
from kerasgen.callbacks.evaluate_samples import EvaluateSamples
from kerasgen.callbacks.history_file import read_history
from kerasgen.callbacks.image_grid import tile_images
from kerasgen.callbacks.image_grid import write_png
from kerasgen.callbacks.latent_plane import project
from kerasgen.callbacks.latent_scatter import LatentScatter
from kerasgen.callbacks.latent_scatter import draw_classes
from kerasgen.callbacks.latent_scatter import plot_classes
from kerasgen.callbacks.loss_curves import choose_panels
from kerasgen.callbacks.loss_curves import draw_losses
from kerasgen.callbacks.loss_curves import plot_losses
from kerasgen.callbacks.loss_history import LossHistory
from kerasgen.callbacks.loss_history import read_rows
from kerasgen.callbacks.sample_grid import SampleGrid
from kerasgen.callbacks.training_monitor import DivergenceError
from kerasgen.callbacks.training_monitor import TrainingMonitor
from kerasgen.callbacks.training_monitor import read_events
