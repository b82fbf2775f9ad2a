import statistics
import subprocess
import sys

import numpy as np
import pytest

from tracked.kinds.histogram import histogram
from tracked.kinds.machine import machine_tags, peak_rss_mb
from tracked.kinds.timing import Samples, percentile

TIMES = [[5.0], [1.0, 2.0], [3.0, 1.0, 2.0, 9.5], [1e9 + x for x in (1.0, 2.0, 4.0)], [0.1] * 50]


@pytest.mark.parametrize("times", TIMES)
def test_figures_are_those_of_the_textbook(times) -> None:
    """Mean, deviation and percentiles are what NumPy and ``statistics`` find, for large numbers too."""
    samples = Samples()
    for ms in times:
        samples.add(ms)
    assert samples.mean == pytest.approx(statistics.fmean(times))
    assert samples.stdev == pytest.approx(statistics.stdev(times) if len(times) > 1 else 0)
    for q in (0, 50, 90, 99, 100):
        assert percentile(sorted(times), q) == pytest.approx(np.percentile(times, q))


@pytest.mark.parametrize("times", TIMES)
def test_every_call_is_in_the_picture(times) -> None:
    """Whatever the times, there is a histogram, and its title cannot break it."""
    samples = Samples()
    for ms in times:
        samples.add(ms)
    picture = histogram(times, samples.summary(), "a <b> & c")
    assert f"{len(times)} calls" in picture
    assert "a &lt;b&gt; &amp; c" in picture
    assert picture.count("<rect") >= 1


def test_none_of_it_is_loaded_before_a_benchmark_or_conversion_runs() -> None:
    """``import tracked`` and a decorator cost nothing of this."""
    code = (
        "import sys\nfrom tracked import tracked_benchmark, tracked_conversion\n"
        "tracked_benchmark(repeat=3)(print), tracked_conversion(verify=print)(print)\n"
        "print([m for m in sys.modules if m.startswith('tracked.kinds.') and m.rpartition('.')[2] in "
        "('measuring', 'timing', 'histogram', 'last', 'machine', 'converting', 'parity', 'product')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]" == done.stdout.strip()


def test_the_machine_is_told() -> None:
    """No tag is empty, and the memory of a process is more than nothing."""
    assert all(machine_tags().values())
    assert peak_rss_mb() > 1
