"""The plots of an accuracy report, as SVG that stands in a page and takes the page's colours."""

from detector.benchmark.bars import false_alarm_plot, recall_plot
from detector.benchmark.canvas import Plot, plot_style
from detector.benchmark.curves import curve_plot, height_plot
from detector.benchmark.report import AccuracyReport


def plots(report: AccuracyReport) -> tuple[Plot, ...]:
    """Draw everything there are data for.

    Raises:
        DetectorError: matplotlib is not installed.
    """
    with plot_style():
        found = (
            curve_plot(report),
            recall_plot(report, "by_kind", "kinds", "Events told, by kind"),
            recall_plot(report, "by_window", "windows", "Events told in time, all kinds"),
            recall_plot(report, "alerts_by_window", "windows", "Events told in time, alerts"),
            recall_plot(report, "by_tag", "conditions", "Events told, by condition"),
            false_alarm_plot(report),
            height_plot(report),
        )
    return tuple(plot for plot in found if plot is not None)
