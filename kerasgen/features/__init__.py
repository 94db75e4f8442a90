"""From images to the features that samples are judged by.

Inception's features are wrong for small grey digits. Here each dataset has a small
frozen classifier of its own. A fixed random network gives features of any images,
without labels; Inception's are there for comparison with the literature.
"""

from kerasgen.features.classifier import train_classifier
from kerasgen.features.extractor import SHIPPED
from kerasgen.features.extractor import Extracted
from kerasgen.features.extractor import FeatureExtractor
from kerasgen.features.extractor import accuracy
from kerasgen.features.extractor import from_bytes
from kerasgen.features.extractor import load
from kerasgen.features.extractor import save
from kerasgen.features.inception_v3 import inception
from kerasgen.features.kept import kept_features
from kerasgen.features.random_network import random_features
from kerasgen.features.trained_extractor import cached
from kerasgen.features.trained_extractor import is_trained_here
from kerasgen.features.trained_extractor import recognise
from kerasgen.features.trained_extractor import train
