import kerasgen
from tests import contract


class TestCVAE(contract.ModelContract):
    model_class = kerasgen.CVAE
