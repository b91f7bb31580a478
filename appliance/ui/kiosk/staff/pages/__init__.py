"""The pages of the staff's screen, in their order."""

from __future__ import annotations

from .about import AboutPage
from .devices import DevicesPage
from .page import Page
from .status import StatusPage
from .storage import StoragePage
from .troubles import TroublesPage

__all__ = ["PAGES", "AboutPage", "DevicesPage", "Page", "StatusPage", "StoragePage", "TroublesPage"]

PAGES = (StatusPage, DevicesPage, StoragePage, TroublesPage, AboutPage)
