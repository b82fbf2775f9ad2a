"""Every row of the two tables of promises, and the test that reads it back from a real store."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

RETURNED = {
    "None: nothing": "rows/test_returned_values.py::test_nothing",
    "a number, also of NumPy or torch: a metric": "rows/test_returned_values.py::test_a_number",
    "the name of a lone number": "rows/test_returned_values.py::test_the_name_of_a_number",
    "a bool: a tag": "rows/test_returned_values.py::test_a_bool",
    "a mapping: each part by its type": "rows/test_returned_values.py::test_a_mapping",
    "a list of numbers: a history": "rows/test_returned_values.py::test_a_history",
    "dataclass, pydantic, attrs, NamedTuple: as a mapping": "rows/test_returned_values.py::test_records",
    "tuple, list: element by element": "rows/test_returned_values.py::test_a_tuple",
    "a frame of pandas or polars: Parquet, and a preview as CSV": "rows/test_returned_files.py::test_frames",
    "a series: a history, or a mapping": "rows/test_returned_files.py::test_series",
    "a figure: a picture, or a page that opens without a network": "rows/test_returned_files.py::test_figures",
    "an existing Path: an artifact": "rows/test_returned_files.py::test_paths",
    "a str: never a path, unless it is marked": "rows/test_returned_files.py::test_a_text",
    "a model: its class, and itself where asked": "rows/test_returned_files.py::test_models",
    "anything else: its type": "rows/test_returned_values.py::test_anything_else",
    "more than 1000 numbers: the rest is JSON": "rows/test_returned_values.py::test_at_most_a_thousand_metrics",
}
ODD = {
    "NaN and infinite metrics": "rows/test_odd_texts.py::test_nan_and_infinities",
    "NaN is never the best": "rows/test_odd_texts.py::test_nan_is_never_the_best",
    "keys that are no text": "rows/test_odd_texts.py::test_keys_that_are_no_text",
    "refused characters": "rows/test_odd_texts.py::test_refused_characters",
    "other alphabets": "rows/test_odd_texts.py::test_other_alphabets",
    "long values": "rows/test_odd_texts.py::test_long_values",
    "a param that changes": "rows/test_odd_texts.py::test_a_param_that_changes",
    "nested config": "rows/test_odd_arguments.py::test_a_nested_config",
    "large arrays": "rows/test_odd_arguments.py::test_large_arrays",
    "arrays too large to be read whole": "identity/test_contents.py::test_huge_data_is_sampled_and_said_to_be",
    "torch module": "rows/test_odd_arguments.py::test_a_torch_module",
    "unknown object": "rows/test_odd_arguments.py::test_an_unknown_object",
    "callables": "rows/test_odd_arguments.py::test_callables",
    "secrets": "test_secrets.py::test_no_secret_is_written_down",
    "default arguments": "rows/test_odd_arguments.py::test_defaults",
    "*args, **kwargs": "rows/test_odd_arguments.py::test_spread_arguments",
    "self, cls": "rows/test_odd_arguments.py::test_self_and_cls",
    "async": "rows/test_odd_calls.py::test_async",
    "generators": "rows/test_odd_calls.py::test_generators",
    "exception": "rows/test_odd_ends.py::test_an_exception",
    "Ctrl-C": "rows/test_odd_ends.py::test_ctrl_c",
    "SystemExit(0)": "rows/test_odd_ends.py::test_system_exit",
    "SIGTERM": "rows/test_odd_ends.py::test_sigterm",
    "pruned trial": "rows/test_odd_ends.py::test_a_pruned_trial",
    "recursion; decorated in decorated": "rows/test_odd_calls.py::test_recursion",
    "called 10,000 times": "test_aggregate.py::test_ten_thousand_calls_are_one_run",
    "called very often, in a store": "rows/test_odd_calls.py::test_calls_by_the_thousand",
    "thread pool": "rows/test_odd_calls.py::test_a_thread_pool",
    "processes": "test_concurrency.py::test_processes",
    "joblib": "rows/test_odd_calls.py::test_joblib",
    "disabled: the function itself": "test_disabled.py::test_a_decorator_returns_the_function_itself",
    "disabled: nothing is left": "test_disabled.py::test_a_program_runs_in_silence_and_leaves_nothing",
    "Ctrl-C in a sweep": "rows/test_odd_ends.py::test_ctrl_c_in_a_sweep",
}
# Not here yet, because what these rows are about is not:
#   pytest: off unless asked for
#       with "Made for people: notebook, command line, pictures, docs, and tests for their own code"
#   DDP: rank zero logs; reuse says what it found; a thread pool without `track.bind` leaves no silent orphan
#       with "From one call to a cluster: the right run in every thread, process and node"
#   a stale RUNNING becomes KILLED at the next start
#       with "Nothing lost, nothing slowed: delivery in its own process, faults as a test suite"


@pytest.mark.parametrize("row", [*RETURNED.items(), *ODD.items()], ids=lambda row: row[0])
def test_every_row_has_its_test(row):
    """No row is without a test: the file is there, and the test is in it."""
    file, _, name = row[1].partition("::")
    assert re.search(rf"^def {name}\(", (TESTS / file).read_text(encoding="utf-8"), re.MULTILINE)
