"""What is minimised: pure functions that return one value per example."""

from kerasgen.objectives.adversarial import GENERATOR_LOSSES
from kerasgen.objectives.adversarial import cross_entropy_discriminator_loss
from kerasgen.objectives.adversarial import minimax_generator_loss
from kerasgen.objectives.adversarial import non_saturating_generator_loss
from kerasgen.objectives.variational import RECONSTRUCTION_LOSSES
from kerasgen.objectives.variational import bernoulli_reconstruction_loss
from kerasgen.objectives.variational import gaussian_kl_divergence
from kerasgen.objectives.variational import gaussian_reconstruction_loss
from kerasgen.objectives.wasserstein import wasserstein_critic_loss
from kerasgen.objectives.wasserstein import wasserstein_generator_loss
