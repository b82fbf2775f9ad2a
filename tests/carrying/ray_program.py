"""Ray's tasks and actors, with a function that is decorated and one that is plain; each in a run of its own."""

import ray

from tracked import track, tracked_training

XS = range(2)


@tracked_training
def train(x):
    """Decorated."""
    plain(x)
    return {"y": x}


def plain(x):
    """Logs into whatever run is around."""
    track.log({f"at {x}": x})


def call(fn, x):
    """Calls what it is given."""
    return fn(x)


class Trainer:
    """An actor."""

    @tracked_training
    def fit(self, x):
        """Decorated."""
        plain(x)
        return {"y": x}

    def log(self, x):
        """Plain."""
        plain(x)

    def call(self, fn, x):
        """Calls what it is given."""
        return fn(x)


def carried():
    """The run around, for the environment of a worker."""
    environ = {}
    track.inject(environ)
    return {"env_vars": environ}


def ways(caller, trainer):
    """What is done for each x, by name."""
    remote = ray.remote(train)
    return {
        "task": remote.remote,
        "task of a bound function": lambda x: ray.remote(track.bind(train)).remote(x),
        "task of a bound plain function": lambda x: ray.remote(track.bind(plain)).remote(x),
        "argument": lambda x: caller.remote(train, x),
        "bound plain argument": lambda x: caller.remote(track.bind(plain), x),
        "argument of an actor": lambda x: trainer.call.remote(train, x),
        "bound plain argument of an actor": lambda x: trainer.call.remote(track.bind(plain), x),
    }


def main():
    """All ways; those that need an actor of their run make it there."""
    ray.init(num_cpus=2, include_dashboard=False, object_store_memory=80 << 20, _node_ip_address="127.0.0.1")
    for name, start in ways(ray.remote(call), ray.remote(Trainer).remote()).items():
        with track.run(name):
            ray.get([start(x) for x in XS])
    with track.run("task again"):
        # Ray has sent the function once for all: the later run says which one is meant.
        again = ray.remote(track.bind(train))
        ray.get([again.remote(x) for x in XS])
    for name, method in (("actor", "fit"), ("actor's plain method", "log")):
        with track.run(name):
            actor = ray.remote(Trainer).options(runtime_env=carried()).remote()
            ray.get([getattr(actor, method).remote(x) for x in XS])
    ray.shutdown()


if __name__ == "__main__":
    main()
