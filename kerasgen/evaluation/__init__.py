"""A model, data and metrics: one record of named numbers.

`evaluate` judges a model or images, `evaluate_real` the training images. How the names
of the numbers carry the protocol stands in `kerasgen.evaluation.metric_names`.
"""

from kerasgen.evaluation.evaluate import evaluate
from kerasgen.evaluation.evaluate import evaluate_pixels
from kerasgen.evaluation.evaluate import evaluate_real
from kerasgen.evaluation.metric_names import find_name
from kerasgen.evaluation.metric_names import metric_name
from kerasgen.evaluation.record import RECORD_VERSION
from kerasgen.evaluation.reference import Reference
from kerasgen.evaluation.samples import NotFiniteError
from kerasgen.evaluation.samples import load_images
from kerasgen.evaluation.seeds import evaluate_seeds
from kerasgen.evaluation.selection import METRICS
from kerasgen.evaluation.selection import chosen_metrics
from kerasgen.evaluation.table import format_table
from kerasgen.evaluation.table import format_titles
from kerasgen.evaluation.table import metric_names
