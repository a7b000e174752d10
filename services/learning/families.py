"""The two families that learn in seconds: linear, and naive Bayes of complements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.svm import LinearSVC

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    Floats = NDArray[np.float32]
    Ints = NDArray[np.int64]

_COST = 1.0  #: Of an error of the linear classifier; 0.3 measured as well within chance.
_SMOOTHING = 0.3  #: Orders that each piece is thought to have been seen in besides.


def learn_linear(rows: csr_matrix, classes: Ints, size: int) -> tuple[Floats, Floats]:
    """Learn one separating plane a department (a linear support vector machine).

    Args:
        rows: Weighted pieces, one order a row (a sparse matrix).
        classes: The department of each row.
        size: How many departments there are, at least 2.

    Returns:
        Vocabulary x departments, and a bias.
    """
    found = LinearSVC(C=_COST, random_state=0).fit(rows, classes)
    planes, bias = found.coef_, found.intercept_
    if size == 2:  # noqa: PLR2004 - scikit-learn gives one plane for two classes
        planes, bias = np.vstack((-planes, planes)), np.concatenate((-bias, bias))
    return planes.T.astype(np.float32), bias.astype(np.float32)


def learn_bayes(rows: csr_matrix, classes: Ints, size: int) -> Floats:
    """Learn how rare each piece is in the orders of all other departments.

    Complements have more orders than the small departments themselves, so they are known
    better (Rennie et al., ICML 2003).

    Args:
        rows: As for `learn_linear`.
        classes: As for `learn_linear`.
        size: How many departments there are.

    Returns:
        Vocabulary x departments: what a piece's weight adds to the logarithm.
    """
    counts = np.zeros((size, rows.shape[1]), dtype=np.float32)
    for number in range(size):
        counts[number] = np.asarray(rows[classes == number].sum(axis=0)).ravel()
    complement = counts.sum(axis=0) + _SMOOTHING - counts
    shares = -np.log(complement / complement.sum(axis=1, keepdims=True))
    return np.ascontiguousarray(shares.T, dtype=np.float32)
