import kerasgen
from tests import contract


class TestDCGAN(contract.ModelContract):
    model_class = kerasgen.DCGAN
