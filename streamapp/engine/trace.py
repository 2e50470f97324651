"""Which function of the author an exception came from. Knows nothing of records."""

from __future__ import annotations

from collections.abc import Iterable
from types import CodeType

from streamapp.dsl.node import Function


def author_function(error: BaseException, functions: Iterable[Function]) -> str | None:
    """`name (file:line)` of the innermost of `functions` on the error's stack; None when none is there."""
    by_code: dict[CodeType, str] = {}
    for function in functions:
        code = getattr(function.call, "__code__", None)
        if code is not None:
            by_code[code] = function.where
    found = None
    trace = error.__traceback__
    while trace is not None:
        found = by_code.get(trace.tb_frame.f_code, found)
        trace = trace.tb_next
    return found
