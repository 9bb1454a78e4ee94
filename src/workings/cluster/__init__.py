"""k-means clustering."""

from workings.cluster.estimator import KMeans
from workings.cluster.hartigan import SingleMoves, single_moves
from workings.cluster.mini_batch.estimator import MiniBatchKMeans
from workings.cluster.seeding.plus_plus import kmeans_plusplus
from workings.cluster.validity import (
    ClusterStability,
    GapStatistic,
    GroupTest,
    PredictionStrength,
    calinski_harabasz_score,
    cluster_stability,
    davies_bouldin_score,
    gap_statistic,
    group_test,
    inertia_path,
    prediction_strength,
    silhouette_samples,
    silhouette_score,
)

__all__ = [
    "ClusterStability",
    "GapStatistic",
    "GroupTest",
    "KMeans",
    "MiniBatchKMeans",
    "PredictionStrength",
    "SingleMoves",
    "calinski_harabasz_score",
    "cluster_stability",
    "davies_bouldin_score",
    "gap_statistic",
    "group_test",
    "inertia_path",
    "kmeans_plusplus",
    "prediction_strength",
    "silhouette_samples",
    "silhouette_score",
    "single_moves",
]
