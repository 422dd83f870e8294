"""Russian: dates as Django has them, times short enough for a list."""

DATETIME_FORMAT = "d.m.Y, H:i"
