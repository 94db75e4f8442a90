"""One paper, one file."""

from kerasgen.models.adversarial_vae import AdversarialVAE
from kerasgen.models.cvae import CVAE
from kerasgen.models.dcgan import DCGAN
from kerasgen.models.vanilla_gan import VanillaGAN
from kerasgen.models.wgan import WGAN
