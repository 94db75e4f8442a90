"""A Keras 3 model zoo of GANs and VAEs, and the comparison that goes with it."""

from kerasgen import callbacks
from kerasgen import data
from kerasgen import export
from kerasgen.evaluation import evaluate
from kerasgen.models import CVAE
from kerasgen.models import DCGAN
from kerasgen.models import WGAN
from kerasgen.models import AdversarialVAE
from kerasgen.models import VanillaGAN
