#!/usr/bin/env python3
"""Measures of classifiers by scikit-learn, statsmodels and SciPy, for tests/golden/metrics.json.

Needs scripts/requirements/metrics.txt; writes the file with the labels and probabilities that were drawn.
"""

import json
import pathlib
import warnings

import numpy
from scipy.stats import binomtest
from sklearn import metrics
from sklearn.calibration import calibration_curve
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "tests/golden/metrics.json"
BINS = 15


def drawn(seed: int, shares: list[float], pictures: int, skill: float, digits: int) -> tuple[list, list]:
    """Labels with these shares of the classes, and probabilities that tend to them by `skill`."""
    random = numpy.random.default_rng(seed)
    labels = random.choice(len(shares), pictures, p=shares)
    logits = random.normal(size=(pictures, len(shares)))
    logits[numpy.arange(pictures), labels] += skill
    # Few digits make ties.
    probabilities = numpy.round(numpy.exp(logits) / numpy.exp(logits).sum(1, keepdims=True), digits)
    probabilities[:, 0] = 1 - probabilities[:, 1:].sum(1)
    return labels.tolist(), numpy.clip(probabilities, 0, 1).tolist()


def roc_auc(is_own: numpy.ndarray, scores: numpy.ndarray) -> float | None:
    return float(metrics.roc_auc_score(is_own, scores)) if 0 < is_own.sum() < len(is_own) else None


def calibration_error(correct: numpy.ndarray, confidence: numpy.ndarray) -> float:
    shares, means = calibration_curve(correct, confidence, n_bins=BINS, strategy="uniform")
    edges = numpy.linspace(0, 1, BINS + 1)
    counts = numpy.bincount(numpy.searchsorted(edges[1:-1], confidence), minlength=BINS)
    return float((numpy.abs(shares - means) * counts[counts > 0]).sum() / len(correct))


def measured(labels: list, probabilities: list) -> dict:
    labels, rows = numpy.array(labels), numpy.array(probabilities)
    count = rows.shape[1]
    predicted = (rows[:, 1] > 0.5).astype(int) if count == 2 else rows.argmax(1)
    correct = labels == predicted
    each = metrics.precision_recall_fscore_support(
        labels, predicted, labels=range(count), average=None, zero_division=numpy.nan
    )
    areas = [roc_auc(labels == label, rows[:, label]) for label in range(count)]
    classes = [
        {
            "precision": None if numpy.isnan(each[0][label]) else float(each[0][label]),
            "recall": None if numpy.isnan(each[1][label]) else float(each[1][label]),
            "f1": None if numpy.isnan(each[2][label]) else float(each[2][label]),
            "roc_auc": areas[label],
        }
        for label in range(count)
    ]
    averages = {}
    for average in ("macro", "weighted"):
        # Without `labels`: over the classes that occur in either.
        precision, recall, f1, _ = metrics.precision_recall_fscore_support(
            labels, predicted, average=average, zero_division=0
        )
        area = None
        if count == 2:
            area = areas[1]
        elif all(area is not None for area in areas):
            # As indicators of the classes: rounded probabilities need not sum to 1.
            area = float(metrics.roc_auc_score(numpy.eye(count)[labels], rows, average=average))
        averages[average] = {"precision": float(precision), "recall": float(recall), "f1": float(f1), "roc_auc": area}
    low, high = proportion_confint(correct.sum(), len(correct), method="wilson")
    return {
        "labels": labels.tolist(),
        "probabilities": rows.tolist(),
        "confusion": metrics.confusion_matrix(labels, predicted, labels=range(count)).tolist(),
        "acc": float(metrics.accuracy_score(labels, predicted)),
        "acc_interval": [float(low), float(high)],
        "classes": classes,
        **averages,
        "calibration_error": calibration_error(correct, rows[numpy.arange(len(rows)), predicted]),
    }


def compared(only_first: int, only_second: int) -> dict:
    result = mcnemar([[100, only_first], [only_second, 7]], exact=True)
    assert numpy.isclose(result.pvalue, binomtest(only_first, only_first + only_second).pvalue)
    return {"only_first": only_first, "only_second": only_second, "p_value": float(result.pvalue)}


def main() -> None:
    cases = {
        "two classes": drawn(1, [0.5, 0.5], 80, 1.0, 3),
        "two classes with ties": drawn(2, [0.7, 0.3], 60, 0.8, 1),
        "three uneven classes": drawn(3, [0.7, 0.2, 0.1], 90, 1.5, 3),
        "six classes with ties": drawn(4, [0.3, 0.2, 0.2, 0.1, 0.1, 0.1], 120, 1.2, 2),
        "always right": drawn(5, [0.5, 0.5], 20, 40.0, 6),
        "one class without pictures": drawn(6, [0.6, 0.4, 0.0], 50, 1.0, 3),
        "one class neither seen nor predicted": None,
    }
    labels, rows = drawn(7, [0.5, 0.5], 40, 1.0, 3)
    cases["one class neither seen nor predicted"] = labels, [[*row, 0.0] for row in rows]
    warnings.simplefilter("ignore")
    golden = {
        "evaluations": {name: measured(*case) for name, case in cases.items()},
        "wilson": [
            [k, n, *(float(bound) for bound in proportion_confint(k, n, method="wilson"))]
            for k, n in [(0, 10), (10, 10), (1, 3), (730, 1000), (999, 1000), (123456, 200000)]
        ],
        "mcnemar": [compared(*pair) for pair in [(1, 0), (3, 9), (10, 10), (40, 12), (700, 640), (0, 900)]],
    }
    GOLDEN.write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
