"""Choosing and trusting k: scores of a clustering, numbers of clusters compared, stability, and a test for groups."""

from workings.cluster.validity.dispersion import calinski_harabasz_score, davies_bouldin_score
from workings.cluster.validity.existence import GroupTest, group_test
from workings.cluster.validity.gap import GapStatistic, gap_statistic
from workings.cluster.validity.inertia import inertia_path
from workings.cluster.validity.prediction import PredictionStrength, prediction_strength
from workings.cluster.validity.silhouette import silhouette_samples, silhouette_score
from workings.cluster.validity.stability import ClusterStability, cluster_stability

__all__ = [
    "ClusterStability",
    "GapStatistic",
    "GroupTest",
    "PredictionStrength",
    "calinski_harabasz_score",
    "cluster_stability",
    "davies_bouldin_score",
    "gap_statistic",
    "group_test",
    "inertia_path",
    "prediction_strength",
    "silhouette_samples",
    "silhouette_score",
]
