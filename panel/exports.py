"""Export of a list as CSV."""

from typing import Any, ClassVar

from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.forms.widgets import Script
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse

from panel import csv_files
from panel.csv_files import Columns
from users import audit


class ExportsList:
    """Mixin for a `ModelAdmin`: exports all rows of the list as searched, filtered and ordered.

    `?separator=comma` or `?separator=semicolon`; by default, the one that the language expects.
    """

    csv_name: ClassVar[str]
    csv_columns: ClassVar[Columns]
    opts: Any
    admin_site: Any

    class Media:
        js = (Script("panel/export.js", defer=True),)

    @property
    def export_url(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_export")

    @property
    def other_separator(self) -> str:
        """The separator to offer besides the default."""
        return next(name for name in csv_files.SEPARATORS if name != csv_files.default_separator())

    def export(self, request: HttpRequest) -> HttpResponseBase:
        if not self.has_view_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        query = request.GET.copy()
        separator: str = query.pop("separator", [""])[-1]
        request.GET = query  # type: ignore[assignment]
        if separator not in ("", *csv_files.SEPARATORS):
            return self._to_list()
        try:
            rows = self.get_changelist_instance(request).queryset  # type: ignore[attr-defined]
        except IncorrectLookupParameters:
            return self._to_list()
        # Names of the parameters only: a value may be a phone number.
        details = {"filtered by": sorted(request.GET)}
        audit.record(by=request, action=audit.Action.EXPORTED, about=self.opts.model_name, details=details)
        return self.download(rows, separator)

    def download(self, rows: Any, separator: str = "") -> HttpResponseBase:
        separator = separator or csv_files.default_separator()
        return csv_files.download(rows, columns=self.csv_columns, name=self.csv_name, separator=separator)

    def _to_list(self) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"))

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        export = path("export/", self.admin_site.admin_view(self.export), name=name)
        return [export, *super().get_urls()]  # type: ignore[misc]
