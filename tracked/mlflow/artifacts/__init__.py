"""Artifacts on their way to the store and back: sent once, with a manifest of digests, and verified when read."""
