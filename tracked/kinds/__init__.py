"""The four kinds of work, each a small file over one mechanism."""
