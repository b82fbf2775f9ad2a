"""The journal: where a record is acknowledged, on the caller's thread, before anything else happens to it."""
