"""MLflow, and nothing else, behind small functions: the only package that imports it."""
