"""A conversion while it runs: what is logged of its source and its result, and how that is verified."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from .. import speech
from .. import tags as t
from ..call import Call
from ..endings import ended, log_result
from ..foreign import attempted
from ..guard import guard
from ..outcome import FAILED, Outcome
from ..run import Run
from .conversion_options import ConversionOptions, read
from .parity import SMOKE_TEST, verdict_of
from .product import MB, SOURCES, Product, source_size

_FORMAT = ("format", "target_format", "conversion_target", "output_format", "target", "to")
_OPSET = ("opset_version", "onnx_opset_version", "target_opset", "opset")
_QUANTIZATION = ("quantization", "quantize", "quant")


def drive(run: Run, options: ConversionOptions, function: Any, args: Any, kwargs: Any) -> Any:
    """Call the function, and log and verify what it made.  What it returned goes to the caller, verified or not."""
    call = functools.partial(function, *args, **kwargs)
    if run.is_off:
        return call()
    arguments: Mapping[str, Any] = {}
    before = None
    with guard:
        arguments = Call.bind(function, args, kwargs).arguments
        before = source_size(arguments)
    try:
        result = call()
    except BaseException:  # the user's: it is noted, and goes its way
        run.log({"conversion_success": 0.0})
        raise
    with guard:
        _log(run, arguments, result, before)
    if options.verify is not None:
        _verify(run, options, call, result)
    if run.closed is None:
        run.log({"conversion_success": 1.0})
    return result


def _log(run: Run, arguments: Mapping[str, Any], result: Any, before: int | None) -> None:
    product = Product.of(result)
    run.tag(_tags(arguments, product))
    run.params({name: value for name, value in _params(arguments).items() if name not in run.plan.params})
    if product is None:
        return
    if isinstance(product.content, bytes):
        run.artifact(product.content, f"model.{product.format or _text(arguments, _FORMAT) or 'bin'}")
    run.log(_sizes(product, before))


def _tags(arguments: Mapping[str, Any], product: Product | None) -> dict[str, str]:
    told = {
        t.CONVERSION_FORMAT: _text(arguments, _FORMAT) or (product and product.format),
        t.CONVERSION_OPSET: _text(arguments, _OPSET) or (product and product.opset),
        t.CONVERSION_QUANTIZATION: _text(arguments, _QUANTIZATION),
        t.CONVERSION_SHA256: product and product.sha256(),
    }
    return {key: str(value) for key, value in told.items() if value}


def _params(arguments: Mapping[str, Any]) -> dict[str, str]:
    """Under the names that the system before used."""
    told = {
        "conversion_source": _text(arguments, SOURCES),
        "conversion_target": _text(arguments, _FORMAT),
        "quantization": _text(arguments, _QUANTIZATION),
        "onnx_opset_version": _text(arguments, _OPSET),
    }
    return {key: value for key, value in told.items() if value}


def _text(arguments: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """The first of these arguments that is given, as text."""
    given = (arguments.get(name) for name in names)
    return next((str(value) for value in given if value is not None), "")


def _sizes(product: Product, before: int | None) -> dict[str, float]:
    size = product.size
    sizes = {"model_size_mb": size / MB}
    if product.format == "onnx":
        sizes["onnx_model_size_mb"] = size / MB
    if before and size:
        sizes["compression_ratio"] = before / size
    return sizes


def _verify(run: Run, options: ConversionOptions, call: Any, result: Any) -> None:
    """Verify the result, and end the run as failed if it is wrong."""
    # The function did its work: its result reaches the caller, whatever the user's way to verify it raises.
    verdict, error = attempted(lambda: verdict_of(options.verify, options.rtol, options.atol, result, call))
    if error is not None:
        _fail(run, result, f"verify raised {type(error).__name__}")
        ended(run, error)
        return
    with guard:
        log_result(run, {key: value for key, value in verdict.metrics.items() if key != SMOKE_TEST})
    if verdict.passed:
        run.log({SMOKE_TEST: 1.0})
    else:
        _fail(run, result, verdict.why)
        run.close(Outcome(FAILED, {t.END_REASON: verdict.why}))


def _fail(run: Run, result: Any, why: str) -> None:
    """What was made is kept with the run, as if all were well: somebody will want to see why it is wrong."""
    with guard:
        log_result(run, read(result))
        run.log({SMOKE_TEST: 0.0, "conversion_success": 0.0})
        speech.warn_once(f"{run.name} is FAILED: {why}; its result is kept, and given back")
