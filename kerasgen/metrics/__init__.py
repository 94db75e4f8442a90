"""Metrics of samples and of codes: arrays in, numbers out.

A metric with one number returns a float (a count an int), one with several returns a
named tuple, one per image an array. Where there are two sets, the real one comes first.
"""

from kerasgen.metrics.classifier_score import InceptionScore
from kerasgen.metrics.classifier_score import LabelDistance
from kerasgen.metrics.classifier_score import class_coverage
from kerasgen.metrics.classifier_score import inception_score
from kerasgen.metrics.classifier_score import label_distribution_distance
from kerasgen.metrics.classifier_score import label_entropy
from kerasgen.metrics.data_copying import DataCopying
from kerasgen.metrics.data_copying import data_copying_test
from kerasgen.metrics.diversity import mean_pairwise_distance
from kerasgen.metrics.diversity import within_class_distance
from kerasgen.metrics.frechet import GaussianStatistics
from kerasgen.metrics.frechet import frechet_distance
from kerasgen.metrics.frechet import gaussian_frechet_distance
from kerasgen.metrics.frechet import gaussian_statistics
from kerasgen.metrics.kernel import KernelDistance
from kerasgen.metrics.kernel import kernel_distance
from kerasgen.metrics.latent import Clustering
from kerasgen.metrics.latent import class_silhouette
from kerasgen.metrics.latent import hungarian_accuracy
from kerasgen.metrics.latent import kmeans_clustering
from kerasgen.metrics.latent import knn_accuracy
from kerasgen.metrics.latent import linear_probe_accuracy
from kerasgen.metrics.likelihood import NegativeELBO
from kerasgen.metrics.likelihood import importance_weighted_bound
from kerasgen.metrics.likelihood import negative_elbo
from kerasgen.metrics.memorisation import Memorisation
from kerasgen.metrics.memorisation import memorisation_scores
from kerasgen.metrics.ndb import Bins
from kerasgen.metrics.ndb import DifferentBins
from kerasgen.metrics.ndb import different_bins
from kerasgen.metrics.ndb import fit_bins
from kerasgen.metrics.ndb import number_of_different_bins
from kerasgen.metrics.posterior import PosteriorMismatch
from kerasgen.metrics.posterior import active_units
from kerasgen.metrics.posterior import aggregate_posterior_mismatch
from kerasgen.metrics.precision_recall import DensityCoverage
from kerasgen.metrics.precision_recall import PrecisionRecall
from kerasgen.metrics.precision_recall import density_coverage
from kerasgen.metrics.precision_recall import precision_recall
from kerasgen.metrics.reconstruction import bernoulli_cross_entropy
from kerasgen.metrics.reconstruction import mean_squared_error
from kerasgen.metrics.sharpness import gradient_magnitude
from kerasgen.metrics.sharpness import laplacian_log_ratio
from kerasgen.metrics.sharpness import laplacian_variance
from kerasgen.metrics.sharpness import log_spectral_distance
from kerasgen.metrics.sharpness import mid_grey_share
from kerasgen.metrics.sharpness import radial_power_spectrum
from kerasgen.metrics.sharpness import spectrum_distance
from kerasgen.metrics.vendi import vendi_score
