"""Estimators, ranking, metrics and selection: NumPy, SciPy and scikit-learn, no I/O."""
