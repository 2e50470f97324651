"""Where something stands in an author's files, for errors that lead there.

Knows nothing of topologies.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Any

_OURS = f"{Path(__file__).parents[1]}{os.sep}"


def author_line() -> str:
    """`file:line` of the innermost caller outside this package."""
    frame = inspect.currentframe()
    while frame is not None:
        filename = frame.f_code.co_filename
        if not filename.startswith((_OURS, "<")):
            return f"{filename}:{frame.f_lineno}"
        frame = frame.f_back
    return "unknown place"


def where(function: Callable[..., Any]) -> str:
    """`name (file:line)` of a function, class or callable object; the module in place of an unknown line."""
    while isinstance(function, functools.partial):
        function = function.func
    name = getattr(function, "__qualname__", type(function).__qualname__).rpartition("<locals>.")[2]
    code = code_of(function)
    if code is not None:
        return f"{name} ({code.co_filename}:{code.co_firstlineno})"
    module = getattr(function, "__module__", None) or type(function).__module__
    return f"{name} ({getattr(sys.modules.get(module), '__file__', None) or module})"


def code_of(function: Callable[..., Any]) -> CodeType | None:
    """The code a call of `function` runs; None for classes and what is not written in Python."""
    if isinstance(function, type):
        return None
    function = inspect.unwrap(function)
    code = getattr(function, "__code__", None) or getattr(type(function).__call__, "__code__", None)
    return code if isinstance(code, CodeType) else None
