"""Data counts by its contents."""

import sys
from types import SimpleNamespace

import pytest

from tracked.identity import canonical, contents, to_bytes
from tracked.identity.walk import Walk
from tracked.markers import Artifact, Key

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")


def form(value):
    """The canonical bytes, as text."""
    return to_bytes(canonical(value).tree).decode()


FRAME = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
SAME = [
    (np.float64(8), 8),
    (np.int64(8), 8.0),
    (np.bool_(True), True),
    (np.str_("a"), "a"),
    (np.float32(0.5), 0.5),
    (np.float64("nan"), float("nan")),
    (np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6.0).reshape(2, 3))),
    (np.arange(12)[::2], np.arange(0, 12, 2)),
    (np.arange(3, dtype=">i4"), np.arange(3, dtype="<i4")),
    (FRAME, FRAME.copy()),
    ({np.int64(1): "a"}, {1: "a"}),
    (np.array("2024-01-01", dtype="M8[D]"), np.array("2024-01-01", dtype="M8[D]")),
]
DIFFERENT = [
    (np.float32(0.1), 0.1),
    (np.arange(6), np.arange(6).reshape(2, 3)),
    (np.arange(3), np.arange(3.0)),
    (np.arange(3), np.array([0, 1, 3])),
    (np.arange(3), [0, 1, 2]),
    (np.array([None, "a"], dtype=object), np.array([None, "b"], dtype=object)),
    (
        np.array([(1, 2)], dtype=[("a", "i4"), ("b", "i4")]),
        np.array([(1, 2)], dtype=[("b", "i4"), ("a", "i4")]),
    ),
    (np.ma.array([1, 2], mask=[0, 1]), np.ma.array([1, 2], mask=[0, 0])),
    (np.datetime64("2024-01-01"), np.datetime64("2024-01-02")),
    (np.datetime64(1, "ns"), np.datetime64(2, "ns")),
    (FRAME, FRAME.rename(columns={"a": "c"})),
    (FRAME, FRAME.iloc[::-1]),
    (FRAME, FRAME.assign(a=[1, 3])),
    (FRAME, FRAME[["b", "a"]]),
    (FRAME, FRAME.set_index("a")),
    (FRAME["a"], FRAME["a"].rename("c")),
    (FRAME["a"], FRAME["a"].astype(float)),
    (pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-02")),
]


@pytest.mark.parametrize(("left", "right"), SAME)
def test_the_same_contents_have_one_form(left, right):
    """Neither memory order, nor byte order, nor a copy makes other data."""
    assert form(left) == form(right)
    assert () == canonical(left).weak


@pytest.mark.parametrize(("left", "right"), DIFFERENT)
def test_different_contents_have_different_forms(left, right):
    """Values, shape, dtype, names, index and order all count."""
    assert form(left) != form(right)
    assert () == canonical(left).weak


def test_a_frame_that_cannot_be_hashed_is_weak():
    """A frame of lists costs its part of the form, and is said to."""
    assert ("df",) == canonical({"df": pd.DataFrame({"a": [[1], [2]]})}).weak


@pytest.mark.parametrize("data", [np.arange(100_000), pd.DataFrame({"a": np.arange(100_000)})])
def test_huge_data_is_sampled_and_said_to_be(data, monkeypatch):
    """Above the limit a sample stands for the whole: still told from other data, and reported as weak."""
    monkeypatch.setattr(contents, "MAX_BYTES", 500_000)
    other = data + 1

    assert ("x",) == canonical({"x": data}).weak
    assert form(data) == form(data.copy())
    assert form(data) != form(other)


def test_sparse_matrices_count_by_their_entries():
    """The format of a sparse matrix does not count, its entries do."""
    sparse = pytest.importorskip("scipy.sparse")
    dense = np.array([[0, 1], [2, 0]])

    assert form(sparse.csr_array(dense)) == form(sparse.coo_array(dense))
    assert form(sparse.csr_array(dense)) != form(sparse.csr_array(dense.T))


def test_polars_counts_by_contents():
    """Polars frames count by names, dtypes and values."""
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"a": [1, None], "b": ["x", "y"]})

    missing = polars.Series([1.0, None])

    assert form(missing) != form(missing.fill_null(float("nan")))
    assert form(frame) == form(frame.clone())
    assert form(frame) != form(frame.with_columns(a=polars.Series([1, 2])))
    assert form(frame) != form(frame.rename({"a": "c"}))
    assert () == canonical(frame).weak


class Tensor:
    """As much of torch.Tensor as the rule needs, around an array."""

    def __init__(self, data, dtype="torch.float32"):
        self.data, self.dtype = np.asarray(data), dtype
        self.ndim, self.shape = self.data.ndim, self.data.shape

    detach = cpu = contiguous = lambda self: self

    def item(self):
        return self.data.item()

    def reshape(self, *shape):
        return Tensor(self.data.reshape(*shape), self.dtype)

    def view(self, dtype):
        return Tensor(self.data.view(dtype), self.dtype)

    def numpy(self):
        return self.data


class Module:
    """As much of torch.nn.Module as the rule needs."""

    def __init__(self, weights, width=3):
        self.weights, self.width = weights, width

    def extra_repr(self):
        return f"width={self.width}"

    def named_modules(self):
        return [("", self)]

    def state_dict(self):
        return {"weight": Tensor(self.weights)}


@pytest.fixture
def torch(monkeypatch):
    """Stands in for torch, which is too large to be installed for the tests."""
    Tensor.__module__ = "torch"
    Module.__module__ = "torch.nn.modules.module"
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(uint8="u1"))


def test_tensors_are_arrays_and_numbers(torch):
    """A tensor is the array of the same dtype, a tensor of one number without dimensions is that number."""
    assert form(np.arange(3, dtype="f4")) == form(Tensor(np.arange(3, dtype="f4")))
    assert form(Tensor(np.arange(3, dtype="f4"))) != form(Tensor(np.arange(1, 4, dtype="f4")))
    assert form(8) == form(Tensor(np.float32(8)))


def test_a_module_counts_by_its_architecture(torch):
    """Weights do not tell two torch modules apart, layers and their settings do."""
    assert form(Module([1.0])) == form(Module([2.0]))
    assert form(Module([1.0])) != form(Module([1.0], width=4))
    assert form(Module([1.0])) != form(Module([1.0, 2.0]))


def test_a_module_counts_by_its_weights_where_asked(torch):
    """Under the Key marker weights count too."""
    forms = []
    for weights in ([1.0], [2.0]):
        walk = Walk()
        walk.by_contents = True
        forms.append(to_bytes(walk(Module(weights))))

    assert forms[0] != forms[1]


class TestFiles:
    """What lies at a path counts where the ``Key`` marker asks for it."""

    @staticmethod
    def form(value, *markers):
        """Canonical form of an argument with these markers."""
        return Walk().mapping({"data": value}, {"data": markers})["data"]

    def test_the_text_counts_without_the_marker(self, tmp_path):
        """A path is its text, whatever lies there."""
        file = tmp_path / "a.txt"
        before = self.form(file)
        file.write_text("a")
        assert before == self.form(file) == file.as_posix()

    def test_the_contents_count_with_it(self, tmp_path):
        """Files of the same contents are the same wherever they lie; another byte is another key."""
        for name, text in (("a", "x"), ("b", "x"), ("c", "y")):
            (tmp_path / name).write_text(text)
        a, b, c = (self.form(tmp_path / name, Key()) for name in "abc")
        assert a == b != c
        assert a == self.form(str(tmp_path / "a"), Key(), Artifact())
        assert str(tmp_path / "a") == self.form(str(tmp_path / "a"), Key())
        assert (tmp_path / "none").as_posix() == self.form(tmp_path / "none", Key())

    def test_a_folder_is_its_files(self, tmp_path):
        """Names and contents of the files count, the folder's own name does not."""
        for folder in ("one", "two"):
            (tmp_path / folder / "in").mkdir(parents=True)
            (tmp_path / folder / "in/a").write_text("x")
        assert self.form(tmp_path / "one", Key()) == self.form(tmp_path / "two", Key())
        (tmp_path / "two/in/a").rename(tmp_path / "two/in/b")
        assert self.form(tmp_path / "one", Key()) != self.form(tmp_path / "two", Key())

    def test_a_large_file_is_sampled(self, tmp_path, monkeypatch):
        """Above the limit pieces from all over the file stand for it, and the key is weak."""
        monkeypatch.setattr(contents, "MAX_BYTES", 1024)
        file = tmp_path / "large"
        file.write_bytes(bytes(5000))
        before = self.form(file, Key())
        assert "$weak" in before
        for place in (0, 4999):
            file.write_bytes(bytes(place) + b"x" + bytes(4999 - place))
            assert before != self.form(file, Key())
