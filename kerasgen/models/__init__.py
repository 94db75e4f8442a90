"""One paper, one file; in the order of the comparison."""

# ruff: noqa: I001
import kerasgen.backend  # first: it refuses what Keras cannot train on
from kerasgen.core.base import GenerativeModel
from kerasgen.models.vanilla_gan import VanillaGAN
from kerasgen.models.dcgan import DCGAN
from kerasgen.models.wgan import WGAN
from kerasgen.models.cvae import CVAE
from kerasgen.models.adversarial_vae import AdversarialVAE
from kerasgen.models.vae import VAE
from kerasgen.models.iwae import IWAE
from kerasgen.models.flow_matching import FlowMatching
from kerasgen.models.ddpm import DDPM
from kerasgen.models.wgan_gp import WGANGP
from kerasgen.models.r3gan import R3GAN
from kerasgen.models.wae import WAE
from kerasgen.models.rae import RAE
from kerasgen.models.vqvae import VQVAE
from kerasgen.models.acgan import ACGAN
from kerasgen.models.infogan import InfoGAN
from kerasgen.models.ebgan import EBGAN
from kerasgen.models.bigan import BiGAN
from kerasgen.models.sgan import SGAN
from kerasgen.models.aae import AAE
from kerasgen.models.ssaae import SSAAE
from kerasgen.models.vaegan import VAEGAN
from kerasgen.models.avb import AVB
from kerasgen.models.biggan import BigGAN
from kerasgen.models.progan import ProGAN
