import kerasgen
from tests import contract


class TestWGAN(contract.ModelContract):
    model_class = kerasgen.WGAN
