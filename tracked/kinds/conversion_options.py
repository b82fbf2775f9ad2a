"""What a conversion may be told, and what of its result is told as of any other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import ConfigError
from ..plan import Options
from ..shells import is_lazy


@dataclass(frozen=True, kw_only=True)
class ConversionOptions(Options):
    """Options of a conversion.

    A returned ``Path`` (file or folder), ``bytes`` or ONNX model is kept with its size and SHA-256.  Format, opset and
    quantization are read from the arguments of these names, else from the result.

    A ``verify`` that raises, or finds the result wrong, makes the run FAILED.  The result is kept in it, and the
    caller gets it all the same: the function did its work, and checking it is what was asked of the run.  To stop
    there, check inside the function.

    Attributes:
        verify: a function that is given the result, and the arguments of the call where it takes them.  It returns
            ``(expected, actual)``, outputs of the model before and after, to be compared; or True, False or nothing;
            or a number, the largest absolute error; or a mapping of metrics.  Or two functions: the first is given
            the arguments of the call and returns what is expected, the second is given the result and returns what
            it gives.
        rtol, atol: how far an actual value may lie from the expected one: ``atol + rtol * abs(expected)``.
    """

    verify: Callable[..., Any] | tuple[Callable[..., Any], Callable[..., Any]] | None = None
    rtol: float = 1e-3
    atol: float = 1e-5

    def __post_init__(self) -> None:
        super().__post_init__()
        is_asked = callable(self.verify) or _are_two(self.verify)
        self._check("verify", self.verify is None or is_asked, "a function, or two")
        for name in ("rtol", "atol"):
            value = getattr(self, name)
            self._check(name, type(value) in (int, float) and value >= 0, "a number from 0 on")

    def fits(self, fn: Any) -> None:
        """Refuse what cannot be verified.

        Raises:
            ConfigError: a coroutine or generator function with ``verify``.
        """
        super().fits(fn)
        if self.verify is not None and is_lazy(fn):
            raise ConfigError(f"only what a plain function returns is verified: {fn.__name__} is none")


def _are_two(verify: Any) -> bool:
    return isinstance(verify, tuple | list) and len(verify) == 2 and all(map(callable, verify))


def read(result: Any) -> Any:
    """Everything but a model in memory, which is kept as a file: as a returned value only its type would be told."""
    is_model = isinstance(result, bytes | bytearray) or callable(getattr(result, "SerializeToString", None))
    return None if is_model else result
