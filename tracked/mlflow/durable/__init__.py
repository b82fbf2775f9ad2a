"""MLflow's own calls made durable: a tracking store that keeps records in the journal and reads from the real one.

store.py       what is written becomes records; what is read is delivered first
runs.py        which run an id means: ours, one of the store's, or one that is only joined
passing.py     all other calls go on to the real store, with its own ids in them
known.py       what the journal knows of a run, as MLflow's entities
artifacts.py   files of a run become records too
registry.py    the model registry behind
reach.py       whether a server answers, without MLflow's patience
keeper.py      what all this needs of a session
"""
