"""The pages of the staff's screen, in their order."""

from __future__ import annotations

from .about import AboutPage
from .device import CameraPage
from .page import Page
from .sound import SoundPage
from .status import StatusPage
from .storage import StoragePage
from .troubles import TroublesPage

__all__ = ["PAGES", "AboutPage", "CameraPage", "Page", "SoundPage", "StatusPage", "StoragePage", "TroublesPage"]

PAGES = (StatusPage, CameraPage, SoundPage, StoragePage, TroublesPage, AboutPage)
