"""How long ago phones were heard, in words and in three states; it owns no table."""

from datetime import timedelta

from flask_babel import format_timedelta
from flask_babel import gettext as _

# A phone that is in use is heard at least every minute.
QUIET, SILENT = timedelta(minutes=2), timedelta(minutes=10)


def state_of(ago: timedelta) -> str:
    """How a phone is that was last heard so long ago."""
    return "silent" if ago > SILENT else "quiet" if ago > QUIET else "well"


def heard(ago: timedelta) -> str:
    """How long ago a phone was last heard."""
    if ago < timedelta(seconds=20):
        return str(_("just now"))
    return str(format_timedelta(-ago, granularity="second", threshold=1.2, add_direction=True))


def clock_off(skew_ms: int) -> str:
    """How far a phone's clock is off."""
    off = format_timedelta(timedelta(milliseconds=abs(skew_ms)), granularity="second")
    return str(_("clock off by %(time)s", time=off))
