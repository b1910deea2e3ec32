"""When a line of a crontab runs (crontab(5))."""

from __future__ import annotations

import datetime
import itertools
import re
from collections.abc import Sequence

_WORDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

_START = datetime.datetime(2023, 1, 1)
_END = datetime.datetime(2025, 1, 1)  # with a 29 February between them


def longest_gap(time: str) -> datetime.timedelta | None:
    """The longest time between two runs, as far as two years have it.

    :param time: the five fields, or a word such as ``@daily``
    :returns: `None` if cron can't read it
    """
    try:
        minutes, hours, days, months, weekdays = _WORDS.get(time, time).lower().split()
        minute = min(_values(minutes, 0, 59))
        at = sorted(_values(hours, 0, 23))
        in_days, in_months = _values(days, 1, 31), _values(months, 1, 12, _MONTHS)
        on = {day % 7 for day in _values(weekdays, 0, 7, _DAYS)}
    except ValueError:
        return None
    runs = [_START]
    for number in range((_END - _START).days):
        day = _START + datetime.timedelta(days=number)
        fits = day.day in in_days, (day.weekday() + 1) % 7 in on
        # Where both are restricted, one is enough.
        either = not (days.startswith("*") or weekdays.startswith("*"))
        if day.month in in_months and (any(fits) if either else all(fits)):
            runs += [day.replace(hour=hour, minute=minute) for hour in at]
    return max(after - before for before, after in itertools.pairwise([*runs, _END]))


def _values(field: str, lowest: int, highest: int, names: Sequence[str] = ()) -> set[int]:
    """The values of a field.

    :raises ValueError: if it can't be read
    """
    for number, name in enumerate(names, lowest):
        field = field.replace(name, str(number))
    return {value for part in field.split(",") for value in _range(part, lowest, highest)}


def _range(part: str, lowest: int, highest: int) -> range:
    match = re.fullmatch(r"(?:\*|(\d+)(?:([-~])(\d+))?)(?:/([1-9]\d*))?", part)
    if not match:
        raise ValueError(part)
    first, between, last, step = match.groups()
    start = int(first or lowest)
    end = int(last or (start if first and not step else highest))
    if between == "~":  # a random one of these
        end = start
    if not lowest <= start <= end <= highest:
        raise ValueError(part)
    return range(start, end + 1, int(step or 1))
