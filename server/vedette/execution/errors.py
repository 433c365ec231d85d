"""Exceptions of user code as data, with the user's frames only."""

import traceback
from pathlib import Path

from vedette.authoring.redaction import redacted
from vedette.authoring.text import cleaned
from vedette.domain.logs import ErrorInfo

MAX_MESSAGE_BYTES = 64 * 1024
MAX_FRAMES = 50
MAX_CAUSES = 10

_OURS = str(Path(__file__).parents[1])
_MACHINERY = ("<frozen importlib", "<frozen runpy")


def describe(exception: BaseException) -> ErrorInfo:
    """Return `exception` as data, with what it was raised from; never raises, whatever the exception does.

    The message is at most 64 KiB long, the stack 50 frames, the chain of causes 10 errors.
    """
    chain = [exception]
    while (cause := _cause(chain[-1])) is not None and cause not in chain and len(chain) < MAX_CAUSES:
        chain.append(cause)
    described: ErrorInfo | None = None
    for one in reversed(chain):
        described = ErrorInfo(type(one).__name__, _message(one), _stack(one), described)
    return described or ErrorInfo("Exception", "")


def _cause(exception: BaseException) -> BaseException | None:
    if exception.__cause__ is not None:
        return exception.__cause__
    if exception.__context__ is not None and not exception.__suppress_context__:
        return exception.__context__
    if isinstance(exception, BaseExceptionGroup):
        first: BaseException = exception.exceptions[0]
        return first
    return None


def _message(exception: BaseException) -> str:
    text = _text(exception)
    if isinstance(exception, SystemExit):
        text = f"The code called sys.exit({text}); let it return or raise instead."
    elif isinstance(exception, BaseExceptionGroup):
        text += ": " + "; ".join(f"{type(one).__name__}: {_text(one)}" for one in exception.exceptions)
    notes = getattr(exception, "__notes__", None)
    if isinstance(notes, list):
        text = "\n".join([text, *(note for note in notes if isinstance(note, str))])
    return cleaned(redacted(text), MAX_MESSAGE_BYTES)


def _text(exception: BaseException) -> str:
    try:
        # str() of the result: __str__ may hand back a subclass of str that misbehaves later.
        return "".join(str(exception))
    except BaseException as error:
        return f"(its text cannot be had: its __str__ raised {type(error).__name__})"


def _stack(exception: BaseException) -> tuple[str, ...]:
    try:
        frames = [frame for frame in traceback.extract_tb(exception.__traceback__) if not _is_machinery(frame.filename)]
        texts = [cleaned(redacted(text), MAX_MESSAGE_BYTES) for text in _formatted(frames)]
        if isinstance(exception, SyntaxError):
            shown = redacted("".join(traceback.format_exception_only(exception)[:-1]))
            texts.append(cleaned(shown, MAX_MESSAGE_BYTES))
    except Exception:
        return ()
    return tuple(text for text in texts if text)


def _formatted(frames: list[traceback.FrameSummary]) -> list[str]:
    if len(frames) <= MAX_FRAMES:
        return traceback.format_list(frames)
    half = MAX_FRAMES // 2
    left_out = f"  … {len(frames) - 2 * half} frames left out\n"
    return [*traceback.format_list(frames[:half]), left_out, *traceback.format_list(frames[-half:])]


def _is_machinery(filename: str) -> bool:
    return filename.startswith((_OURS, *_MACHINERY))
