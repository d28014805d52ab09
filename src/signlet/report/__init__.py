"""The HTML report of a run, and the look and the skeleton player that other pages share."""

from signlet.report.page import write_report

__all__ = ["write_report"]
