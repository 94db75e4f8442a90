"""Parts that all models share: fitting, sampling, capabilities, registry, presets."""

from kerasgen.core.arguments import check_choice
from kerasgen.core.base import GenerativeModel
from kerasgen.core.capabilities import AdversarialModel
from kerasgen.core.capabilities import VariationalModel
from kerasgen.core.registry import list_models
from kerasgen.core.registry import model_class
from kerasgen.core.registry import register
