import kerasgen
from tests import contract


class TestAdversarialVAE(contract.ModelContract):
    model_class = kerasgen.AdversarialVAE
