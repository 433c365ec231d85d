"""Resources: what sensors, ops and assets use and do not make themselves, such as clients and connections."""
