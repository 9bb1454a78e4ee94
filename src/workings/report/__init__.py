"""One offline HTML page, and its JSON twin, from what a validation found, and figures of trainings."""

from workings.report.page import render_page, write_report
from workings.report.training import plot_landscape, plot_layers, plot_loss, plot_range_test, plot_sharpness

__all__ = [
    "plot_landscape",
    "plot_layers",
    "plot_loss",
    "plot_range_test",
    "plot_sharpness",
    "render_page",
    "write_report",
]
