"""The shipper: reads journals and delivers them, in order and exactly once, until nothing is left."""
