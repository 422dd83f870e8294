"""Style sheets, scripts and pictures under names that tell their content, so that they may be kept for a year."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Where a file was not collected, a page lacks it: it must not fail for it, least of all the page of an error."""

    def stored_name(self, name: str) -> str:
        try:
            return str(super().stored_name(name))
        except ValueError:
            return name
