"""Options that are a length of time, as in 90d."""

import click

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
# More than a century is a slip of the finger, and too far for some calendars.
MOST_SECONDS = 100 * 365 * 86400


class Duration(click.ParamType[float]):
    """A number with a unit: s, m, h or d. In seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it."""
        text = str(value).strip()
        number, unit = text[:-1], text[-1:]
        if unit not in SECONDS or not number.isascii() or not number.isdecimal() or len(number) > 12:
            self.fail(f"{text!r} is no length of time; write it as 90d, 12h, 30m or 45s.", param, ctx)
        seconds = float(int(number) * SECONDS[unit])
        if not 0 < seconds <= MOST_SECONDS:
            self.fail(f"{text!r} is not between one second and a hundred years.", param, ctx)
        return seconds


DURATION = Duration()
