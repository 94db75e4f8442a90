from kerasgen.data.few_labels import draw_labelled
from kerasgen.data.few_labels import few_labels
from kerasgen.data.image_set import ImageSet
from kerasgen.data.pipeline import batches
from kerasgen.data.pipeline import load
from kerasgen.data.sources import fetch
from kerasgen.data.sources import load_arrays
from kerasgen.data.stream import stream
