"""English: the day before the month, 24 hours; Django's own format is American and longer."""

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y, H:i"
