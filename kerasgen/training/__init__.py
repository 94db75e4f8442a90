"""How a step is taken: players, optimizers, descent, noise, batches; and inversion."""

from kerasgen.training.adam import Adam
from kerasgen.training.batches import admit
from kerasgen.training.batches import as_pair
from kerasgen.training.batches import check_arrays
from kerasgen.training.batches import check_batch
from kerasgen.training.batches import check_data
from kerasgen.training.batches import check_values
from kerasgen.training.batches import find_fault
from kerasgen.training.batches import unpack_batch
from kerasgen.training.descent import clip_weights
from kerasgen.training.descent import descend
from kerasgen.training.descent import every
from kerasgen.training.descent import update_average
from kerasgen.training.divergence import DivergenceError
from kerasgen.training.gradients import input_gradient
from kerasgen.training.inversion import FittedLatents
from kerasgen.training.inversion import fit_latents
from kerasgen.training.noise import integers
from kerasgen.training.noise import next_seed
from kerasgen.training.noise import normal
from kerasgen.training.noise import sampling_seed
from kerasgen.training.noise import split_seed
from kerasgen.training.noise import uniform
from kerasgen.training.optimizers import PlayerOptimizers
from kerasgen.training.optimizers import assign_optimizers
from kerasgen.training.steps import many_steps
