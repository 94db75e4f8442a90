from kerasgen.data.image_set import ImageSet
from kerasgen.data.pipeline import batches
from kerasgen.data.pipeline import load
from kerasgen.data.sources import fetch
from kerasgen.data.sources import load_arrays
