"""Reports: a run as one HTML page that opens anywhere, from plain values and without a library that draws."""

from .document import page
from .values import Course, Node, Report, Search, Tried
from .weighing import Importance, importance

__all__ = ["Course", "Importance", "Node", "Report", "Search", "Tried", "importance", "page"]
