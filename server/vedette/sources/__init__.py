"""Ready-made sources of sensors, and the contract for one's own.

Those that need a library of their own are imported from their module: `vedette.sources.s3`, `.sftp`, `.sql`,
`.postgres`.
"""

from vedette.sources.folder import File, Folder
from vedette.sources.http import HttpAddress, Version
from vedette.sources.listing import Listing
from vedette.sources.sensors import build_sensor_for_source, source_sensor
from vedette.sources.source import Changes, Item, Source

__all__ = [
    "Changes",
    "File",
    "Folder",
    "HttpAddress",
    "Item",
    "Listing",
    "Source",
    "Version",
    "build_sensor_for_source",
    "source_sensor",
]
