import kerasgen
from tests import contract


class TestVanillaGAN(contract.ModelContract):
    model_class = kerasgen.VanillaGAN
