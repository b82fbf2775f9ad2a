"""Ray's tasks and actors."""

import ray

from tracked import track


def main(work, around):
    """All ways; an actor of a run is made in it."""
    ray.init(num_cpus=2, include_dashboard=False, object_store_memory=80 << 20, _node_ip_address="127.0.0.1")
    around.callback(ray.shutdown)
    caller, trainer = ray.remote(work.call), ray.remote(work.Trainer).remote()

    def in_each(start):
        ray.get([start(x) for x in work.XS])

    # Ray has sent the function once for all: a later run says by `bind` which one is meant.
    work.in_runs("task", lambda fn: in_each(ray.remote(fn).remote), ["train", "bound train", "bound plain"])
    for way, called in (("argument", caller), ("argument of an actor", trainer.call)):
        work.in_runs(
            way, lambda fn, called=called: in_each(lambda x: called.remote(fn, x)), ["train", "bound plain"]
        )
    for method in ("fit", "log"):
        with track.run(f"actor: {method}"):
            actor = ray.remote(work.Trainer).options(runtime_env={"env_vars": carried()}).remote()
            in_each(getattr(actor, method).remote)


def carried():
    """The run around, for the environment of a worker."""
    environ = {}
    track.inject(environ)
    return environ
