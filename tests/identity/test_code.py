"""Functions count by where they stand and by what they do."""

import functools

import pytest

from tracked.identity import canonical, to_bytes


def form(value):
    """The canonical bytes, as text."""
    return to_bytes(canonical(value).tree).decode()


def made(source, name="f"):
    """The function that the source defines."""
    space = {"__name__": "samples"}
    exec(source, space)
    return space[name]


PLAIN = "def f(x, y=1):\n    return x + y\n"


def test_comments_and_lines_do_not_count():
    """Comments, spaces and the place in the file do not change what a function is."""
    moved = "\n\n# moved\ndef f(x,  y = 1):\n    # explained\n\n    return (x   + y)\n"

    assert form(made(PLAIN)) == form(made(moved))
    assert () == canonical(made(PLAIN)).weak


@pytest.mark.parametrize(
    "source",
    [
        "def f(x, y=1):\n    return x - y\n",
        "def f(x, y=2):\n    return x + y\n",
        "def f(x, *, y=1):\n    return x + y\n",
        "def f(x, y=1):\n    return x + z\n",
        "def f(x, y=1):\n    return x + y + 1\n",
        "def f(x, y=1):\n    g = lambda: 1\n    return x + y\n",
        "def f(x, y=1):\n    return x in {1, 2}\n",
    ],
)
def test_what_a_function_does_counts(source):
    """Another operation, default, constant or name makes another function."""
    assert form(made(PLAIN)) != form(made(source))


def test_inner_code_counts():
    """A change inside of an inner function is a change."""
    one = "def f():\n    def g():\n        return 1\n    return g\n"

    assert form(made(one)) != form(made(one.replace("return 1", "return 2")))


def test_what_a_closure_holds_counts():
    """Two functions of one factory differ by what they were made with."""

    def factory(n):
        def inner():
            return n

        return inner

    assert form(factory(1)) == form(factory(1))
    assert form(factory(1)) != form(factory(2))


def test_a_function_that_holds_itself_ends():
    """A recursive inner function has a form."""

    def outer():
        def inner(n):
            return inner(n - 1)

        return inner

    assert form(outer()) == form(outer())


def test_a_lambda_is_weak_and_still_told_apart():
    """A lambda has no name to be known by, so it is reported; its code counts all the same."""
    assert ("f",) == canonical({"f": lambda: 1}).weak
    assert form(made("f = lambda: 1\n")) != form(made("f = lambda: 2\n"))


def test_a_method_counts_with_its_object():
    """A bound method is its object and its function."""
    assert form([1].append) != form([2].append)
    assert form([1].append) != form([1].extend)
    assert form("a".join) != form("b".join)


def test_a_partial_counts_with_its_arguments():
    """A partial is its function and arguments, whatever their order."""
    f = made(PLAIN)

    assert form(functools.partial(f, x=1, y=2)) == form(functools.partial(f, y=2, x=1))
    assert form(functools.partial(f, 1)) != form(functools.partial(f, 2))


def test_a_wrapped_function_is_its_function():
    """What wraps a function without being one is that function: a cache, a tracked function."""
    f = made(PLAIN)

    assert form(f) == form(functools.lru_cache(f))
