"""Azure ML: the only package that imports ``azure``, and only where something is asked of it.

Its modules: which workspace (``config``), who asks (``credentials``), the client (``client``), the plugin of MLflow
in every process (``bind``), what failures mean (``troubles``), which versions work together (``versions``), and calls
that are made in a job (``work``, ``spaces``, ``submitted``, ``entry``).
"""
