"""One offline HTML page, and its JSON twin, from what a validation found; knows no mathematics."""

from workings.report.page import render_page, write_report

__all__ = ["render_page", "write_report"]
