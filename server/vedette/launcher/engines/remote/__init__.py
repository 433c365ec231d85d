"""Engines that execute runs on other machines: an engine places an agent there, which dials the launcher."""
